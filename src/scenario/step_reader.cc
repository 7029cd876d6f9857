#include "scenario/step_reader.h"

#include <set>

#include "scenario/empty_expectations.h"
#include "scenario/field_readers.h"
#include "scenario/subjects.h"
#include "scenario/world_reader.h"

namespace weir::scenario {
namespace {

using config::Place;

// Reads one step after another, and knows which exchanges are held.
class StepReader {
 public:
  explicit StepReader(const ExpectedFiles& files) : files_(files) {}

  Result<Step> read(const v1::Step& step, const Place& at) {
    Step read{.where = at.describe()};
    WEIR_TRY(read_what(step, at, read));
    if (step.has_expect()) {
      WEIR_TRY(read.expect, read_expectations(step.expect(), at.field("expect"), files_));
      // Of a start, to expect nothing more is to expect that there is one.
      if (step.expect().ByteSizeLong() == 0) {
        return says_nothing(at.field("expect"), "what the step leads to: response, logs, calls");
      }
      WEIR_TRY(check_subjects(*read.expect, subject_of(read), at.field("expect")));
    }
    return read;
  }

 private:
  Done read_what(const v1::Step& step, const Place& at, Step& read) {
    switch (step.what_case()) {
      case v1::Step::kHttp: {
        WEIR_TRY(HttpStep http, read_http(step.http(), at.field("http")));
        read.title = titled("http", http.name);
        read.what = std::move(http);
        return Unit{};
      }
      case v1::Step::kAnswer: {
        const Place here = at.field("answer");
        WEIR_TRY(take_held(step.answer().http(), here.field("http")));
        WEIR_TRY(Message response, read_response(step.answer().response(), here.field("response")));
        read.title = titled("answer", step.answer().http());
        read.what = AnswerStep{step.answer().http(), std::move(response)};
        return Unit{};
      }
      case v1::Step::kAbort:
        WEIR_TRY(take_held(step.abort(), at.field("abort")));
        read.title = titled("abort", step.abort());
        read.what = AbortStep{step.abort()};
        return Unit{};
      case v1::Step::kTcp: {
        WEIR_TRY(TcpStep tcp, read_tcp(step.tcp(), at.field("tcp")));
        read.title = titled("tcp", tcp.name);
        read.what = std::move(tcp);
        return Unit{};
      }
      case v1::Step::kAdvance: {
        WEIR_TRY(const Milliseconds by, read_duration(step.advance(), at.field("advance")));
        read.title = "advance " + std::to_string(by.count()) + " ms";
        read.what = Advance{by};
        return Unit{};
      }
      case v1::Step::kEnqueue: {
        const v1::QueueItem& enqueue = step.enqueue();
        WEIR_TRY(std::string item,
                 read_text(enqueue.item(), enqueue.item_base64(), "item", at.field("enqueue")));
        read.title = titled("enqueue", enqueue.queue());
        read.what = EnqueueStep{enqueue.queue(), std::move(item)};
        return Unit{};
      }
      case v1::Step::kSetSharedData: {
        const v1::SharedValue& shared = step.set_shared_data();
        WEIR_TRY(std::string value, read_text(shared.value(), shared.value_base64(), "value",
                                              at.field("set_shared_data")));
        read.title = titled("set shared data", shared.key());
        read.what = SetDataStep{shared.key(), std::move(value)};
        return Unit{};
      }
      default:
        read.title = "look";
        if (step.has_expect()) return Unit{};
        return at.error("does nothing and expects nothing");
    }
  }

  static std::string titled(std::string_view kind, const std::string& name) {
    std::string title(kind);
    if (!name.empty()) title.append(" '").append(name).append("'");
    return title;
  }

  Result<HttpStep> read_http(const v1::HttpStep& http, const Place& at) {
    HttpStep read{.name = http.name()};
    WEIR_TRY(read.request, read_request(http.request(), at.field("request")));
    if (http.hold()) {
      if (http.has_response()) {
        return at.field("hold").error("there is a response; leave it to a step 'answer'");
      }
      if (read.name.empty()) return at.error("has no name, by which a later step could answer it");
    } else {
      WEIR_TRY(read.response, read_response(http.response(), at.field("response")));
    }
    if (http.hold() && !held_.insert(read.name).second) {
      return at.field("name").error("an exchange of that name is held already");
    }
    WEIR_TRY(read.properties, read_properties(http.properties(), at.field("properties")));
    if (http.has_patience()) {
      WEIR_TRY(read.patience, read_duration(http.patience(), at.field("patience")));
    }
    return read;
  }

  Done take_held(const std::string& name, const Place& at) {
    if (held_.erase(name) == 1) return Unit{};
    return at.error("no exchange " + config::quote(name) + " is held here");
  }

  static Result<TcpStep> read_tcp(const v1::TcpStep& tcp, const Place& at) {
    using Event = v1::TcpStep::Event;
    TcpStep read{.name = tcp.name()};
    WEIR_TRY(read.properties, read_properties(tcp.properties(), at.field("properties")));
    for (int i = 0; i < tcp.events_size(); ++i) {
      const Event& event = tcp.events(i);
      const Place here = at.field("events").item(static_cast<size_t>(i));
      switch (event.what_case()) {
        case Event::kDownstream:
          read.events.emplace_back(TcpBytes{Side::Downstream, event.downstream()});
          break;
        case Event::kDownstreamBase64:
          read.events.emplace_back(TcpBytes{Side::Downstream, event.downstream_base64()});
          break;
        case Event::kUpstream:
          read.events.emplace_back(TcpBytes{Side::Upstream, event.upstream()});
          break;
        case Event::kUpstreamBase64:
          read.events.emplace_back(TcpBytes{Side::Upstream, event.upstream_base64()});
          break;
        case Event::kClose:
          if (event.close() == v1::SIDE_UNSPECIFIED) {
            return here.field("close").error("write DOWNSTREAM or UPSTREAM");
          }
          read.events.emplace_back(
              TcpClose{event.close() == v1::DOWNSTREAM ? Side::Downstream : Side::Upstream});
          break;
        case Event::kAdvance: {
          WEIR_TRY(const Milliseconds by, read_duration(event.advance(), here.field("advance")));
          read.events.emplace_back(Advance{by});
          break;
        }
        default:
          return here.error("says no event: write downstream, upstream, close or advance");
      }
    }
    return read;
  }

  static Subject subject_of(const Step& step) {
    const bool is_http = std::holds_alternative<HttpStep>(step.what) ||
                         std::holds_alternative<AnswerStep>(step.what) ||
                         std::holds_alternative<AbortStep>(step.what);
    if (is_http) return Subject::Http;
    return std::holds_alternative<TcpStep>(step.what) ? Subject::Tcp : Subject::Neither;
  }

  const ExpectedFiles& files_;
  std::set<std::string> held_;
};

}  // namespace

Result<std::vector<Step>> read_steps(const google::protobuf::RepeatedPtrField<v1::Step>& steps,
                                     const Place& at, const ExpectedFiles& files) {
  StepReader reader(files);
  std::vector<Step> read;
  for (int i = 0; i < steps.size(); ++i) {
    WEIR_TRY(Step step, reader.read(steps[i], at.item(static_cast<size_t>(i))));
    read.push_back(std::move(step));
  }
  return read;
}

}  // namespace weir::scenario
