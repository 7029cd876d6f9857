#include "scenario/expectation_reader.h"

#include <algorithm>
#include <array>

#include "abi/call_text.h"
#include "abi/callbacks.h"
#include "base/suggestion.h"
#include "scenario/empty_expectations.h"
#include "scenario/field_checks.h"
#include "scenario/field_readers.h"
#include "scenario/text_file.h"

namespace weir::scenario {
namespace {

using config::Place;

constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info",
                                                  "warn",  "error", "critical"};

template <typename Names>
std::vector<std::string> strings(const Names& names) {
  return {names.begin(), names.end()};
}

Result<FieldsExpectation> read_fields(const v1::FieldsExpectation& fields, const Place& at) {
  FieldsExpectation read{.where = at.describe()};
  WEIR_TRY(read.has, read_headers(fields.has(), at.field("has")));
  const Place exactly = at.field("exactly");
  if (exactly.is_written() || fields.exactly_size() > 0) {
    WEIR_TRY(read.exactly, read_headers(fields.exactly(), exactly));
  }
  WEIR_TRY(auto patterns, read_headers(fields.matches(), at.field("matches")));
  for (size_t i = 0; i < patterns.size(); ++i) {
    WEIR_TRY(auto expression, read_expression(patterns[i].second, at.field("matches").item(i)));
    read.matches.push_back({std::move(patterns[i].first), std::move(expression)});
  }
  for (int i = 0; i < fields.lacks_size(); ++i) {
    const std::string& name = fields.lacks(i);
    if (!is_header_name(name)) {
      return at.field("lacks")
          .item(static_cast<size_t>(i))
          .error(config::quote(name) + " is no header's name; write the name alone");
    }
    read.lacks.push_back(name);
  }
  return read;
}

Result<std::optional<FieldsExpectation>> read_fields_if(bool there,
                                                        const v1::FieldsExpectation& fields,
                                                        const Place& at) {
  if (!there) return std::optional<FieldsExpectation>();
  WEIR_TRY(FieldsExpectation read, read_fields(fields, at));
  return std::optional<FieldsExpectation>(std::move(read));
}

TextExpectation text_at(const Place& at, TextExpectation::Kind kind, std::string text) {
  return {.where = at.describe(),
          .kind = kind,
          .text = std::move(text),
          .expression = nullptr,
          .file = {}};
}

// The body of a call, a message or a local reply.
template <typename M>
std::optional<TextExpectation> read_body(const M& from, const Place& at) {
  using Kind = TextExpectation::Kind;
  if (from.has_body()) return text_at(at.field("body"), Kind::Whole, from.body());
  if (from.has_body_contains()) {
    return text_at(at.field("body_contains"), Kind::Contains, from.body_contains());
  }
  if (from.has_body_base64()) {
    return text_at(at.field("body_base64"), Kind::Whole, from.body_base64());
  }
  return std::nullopt;
}

Result<MessageExpectation> read_message(const v1::MessageExpectation& message, const Place& at,
                                        const ExpectedFiles& files) {
  MessageExpectation read{.where = at.describe(), .status = message.status()};
  WEIR_TRY(read.headers,
           read_fields_if(message.has_headers(), message.headers(), at.field("headers")));
  WEIR_TRY(read.trailers,
           read_fields_if(message.has_trailers(), message.trailers(), at.field("trailers")));
  read.body = read_body(message, at);
  if (message.has_body_file()) {
    const Place here = at.field("body_file");
    const std::filesystem::path file = files.base_dir / message.body_file();
    std::error_code ignored;
    std::string text;
    if (files.must_exist || std::filesystem::exists(file, ignored)) {
      auto content = read_text_file(file);
      if (!content.ok()) return here.error(content.error().message);
      text = std::move(content).value();
    }
    read.body = text_at(here, TextExpectation::Kind::Whole, std::move(text));
    read.body->file = file;
  }
  WEIR_TRY(read.pieces, read_pieces(message.pieces(), message.pieces_base64(), "pieces", at));
  return read;
}

Result<LocalReplyExpectation> read_reply(const v1::LocalReplyExpectation& reply, const Place& at) {
  LocalReplyExpectation read{
      .where = at.describe(), .status = reply.status(), .details = reply.details()};
  WEIR_TRY(read.headers, read_fields_if(reply.has_headers(), reply.headers(), at.field("headers")));
  read.body = read_body(reply, at);
  if (reply.has_grpc_status()) {
    constexpr int64_t kNone = -1;
    WEIR_TRY(check_grpc_status(reply.grpc_status(), kNone, at.field("grpc_status")));
    read.grpc_status = reply.grpc_status();
  }
  return read;
}

Result<LogExpectation> read_log(const v1::LogExpectation& log, const Place& at) {
  LogExpectation read;
  if (!log.level().empty()) {
    const auto* found = std::ranges::find(kLevels, log.level());
    if (found == kLevels.end()) {
      return at.field("level").error(config::quote(log.level()) + " is no level; " +
                                     suggest(log.level(), strings(kLevels)));
    }
    read.level = static_cast<LogLevel>(found - kLevels.begin());
  }
  switch (log.content_case()) {
    case v1::LogExpectation::kContains:
      read.text = text_at(at, TextExpectation::Kind::Contains, log.contains());
      return read;
    case v1::LogExpectation::kText:
      read.text = text_at(at, TextExpectation::Kind::Whole, log.text());
      return read;
    case v1::LogExpectation::kMatches: {
      read.text = text_at(at, TextExpectation::Kind::Matches, log.matches());
      WEIR_TRY(read.text.expression, read_expression(log.matches(), at.field("matches")));
      return read;
    }
    default:
      return at.error("says no line: write contains, text or matches");
  }
}

Result<CallExpectation> read_call(const v1::CallExpectation& call, const Place& at) {
  CallExpectation read{
      .where = at.describe(), .upstream = call.upstream(), .cancelled = call.cancelled()};
  if (!call.grpc().empty()) {
    if (call.grpc().find('/') == std::string::npos || !call.path().empty()) {
      return at.field("grpc").error("write 'package.Service/Method', and no path beside it");
    }
    read.pseudo.emplace_back(":path", "/" + call.grpc());
  }
  if (!call.method().empty()) read.pseudo.emplace_back(":method", call.method());
  if (!call.path().empty()) read.pseudo.emplace_back(":path", call.path());
  WEIR_TRY(read.headers, read_fields_if(call.has_headers(), call.headers(), at.field("headers")));
  WEIR_TRY(read.trailers,
           read_fields_if(call.has_trailers(), call.trailers(), at.field("trailers")));
  read.body = read_body(call, at);
  WEIR_TRY(read.messages, read_pieces(call.messages(), call.messages_base64(), "messages", at));
  return read;
}

Result<TcpExpectation> read_tcp(const v1::TcpExpectation& tcp, const Place& at) {
  using Kind = TextExpectation::Kind;
  TcpExpectation read{.where = at.describe()};
  if (tcp.has_upstream_gets()) {
    read.up = text_at(at.field("upstream_gets"), Kind::Whole, tcp.upstream_gets());
  } else if (tcp.has_upstream_gets_base64()) {
    read.up = text_at(at.field("upstream_gets_base64"), Kind::Whole, tcp.upstream_gets_base64());
  }
  if (tcp.has_downstream_gets()) {
    read.down = text_at(at.field("downstream_gets"), Kind::Whole, tcp.downstream_gets());
  } else if (tcp.has_downstream_gets_base64()) {
    read.down =
        text_at(at.field("downstream_gets_base64"), Kind::Whole, tcp.downstream_gets_base64());
  }
  const Place closed = at.field("closed");
  if (closed.is_written() || tcp.closed_size() > 0) read.closed.emplace();
  for (const int side : tcp.closed()) {
    if (side == v1::SIDE_UNSPECIFIED) return closed.error("write DOWNSTREAM or UPSTREAM");
    read.closed->insert(side == v1::DOWNSTREAM ? Side::Downstream : Side::Upstream);
  }
  return read;
}

Done read_callbacks(const v1::Expect& expect, const Place& at, Expectations& read) {
  for (int i = 0; i < expect.callbacks_size(); ++i) {
    const std::string& name = expect.callbacks(i);
    if (!abi::is_callback(name)) {
      std::vector<std::string> known;
      for (const auto& type : abi::kCallbacks) known.emplace_back(type.name);
      return at.field("callbacks")
          .item(static_cast<size_t>(i))
          .error(config::quote(name) + " is no callback; " + suggest(name, known));
    }
    read.callbacks.push_back(name);
  }
  return Unit{};
}

// Values of the world, in order of their names.
Done read_values(const v1::Expect& expect, const Place& at, Expectations& read) {
  const auto in_order = [](auto& values) {
    std::ranges::sort(values, {}, [](const auto& value) { return value.name; });
  };
  for (const auto& [name, value] : expect.metrics()) {
    read.metrics.push_back({at.field("metrics").entry(name).describe(), name, value});
  }
  in_order(read.metrics);
  WEIR_TRY(check_keys(expect.shared_data(), expect.shared_data_base64(), "shared_data", at));
  for (const auto& [name, value] : expect.shared_data()) {
    read.shared_data.push_back({at.field("shared_data").entry(name).describe(), name, value});
  }
  for (const auto& [name, value] : expect.shared_data_base64()) {
    read.shared_data.push_back(
        {at.field("shared_data_base64").entry(name).describe(), name, value});
  }
  in_order(read.shared_data);
  for (const auto& [name, value] : expect.properties()) {
    read.properties.push_back({at.field("properties").entry(name).describe(), name, value});
  }
  in_order(read.properties);
  Names queues("queue");
  for (int i = 0; i < expect.queues_size(); ++i) {
    const v1::Queue& queue = expect.queues(i);
    const Place here = at.field("queues").item(static_cast<size_t>(i));
    WEIR_TRY(queues.add(queue.name(), here));
    WEIR_TRY(auto items, read_pieces(queue.items(), queue.items_base64(), "items", here));
    read.queues.push_back({here.describe(), queue.name(), std::move(items)});
  }
  return Unit{};
}

Done read_absences(const v1::Expect& expect, const Place& at, Expectations& read) {
  for (int i = 0; i < expect.none_size(); ++i) {
    const Place here = at.field("none").item(static_cast<size_t>(i));
    if (expect.none(i) == v1::Expect::UNSPECIFIED) return here.error("say what there is none of");
    // The message counts from 1.
    read.none.push_back({here.describe(), static_cast<Thing>(expect.none(i) - 1)});
  }
  return Unit{};
}

}  // namespace

Result<Expectations> read_expectations(const v1::Expect& expect, const Place& at,
                                       const ExpectedFiles& files) {
  WEIR_TRY(check_says_something(expect, at));
  Expectations read{.where = at.describe()};
  read.reset = expect.reset();
  read.failure = expect.failure();
  read.route_cleared = expect.route_cleared();
  if (expect.has_request()) {
    WEIR_TRY(read.request, read_message(expect.request(), at.field("request"), files));
  }
  if (expect.has_response()) {
    WEIR_TRY(read.response, read_message(expect.response(), at.field("response"), files));
  }
  if (expect.has_local_reply()) {
    WEIR_TRY(read.local_reply, read_reply(expect.local_reply(), at.field("local_reply")));
  }
  for (int i = 0; i < expect.logs_size(); ++i) {
    WEIR_TRY(LogExpectation log,
             read_log(expect.logs(i), at.field("logs").item(static_cast<size_t>(i))));
    read.logs.push_back(std::move(log));
  }
  for (int i = 0; i < expect.no_logs_size(); ++i) {
    read.no_logs.push_back(text_at(at.field("no_logs").item(static_cast<size_t>(i)),
                                   TextExpectation::Kind::Contains, expect.no_logs(i)));
  }
  WEIR_TRY(read_callbacks(expect, at, read));
  for (int i = 0; i < expect.calls_size(); ++i) {
    WEIR_TRY(CallExpectation call,
             read_call(expect.calls(i), at.field("calls").item(static_cast<size_t>(i))));
    read.calls.push_back(std::move(call));
  }
  if (expect.has_tcp()) {
    WEIR_TRY(read.tcp, read_tcp(expect.tcp(), at.field("tcp")));
  }
  if (expect.has_took()) {
    WEIR_TRY(const Milliseconds took, read_duration(expect.took(), at.field("took")));
    read.took = took;
  }
  WEIR_TRY(read_values(expect, at, read));
  WEIR_TRY(read_absences(expect, at, read));
  return read;
}

}  // namespace weir::scenario
