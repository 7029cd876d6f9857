// What a step has led to, beside what was expected of it.

#include <set>
#include <sstream>

#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"
#include "runtime/vm.h"
#include "scenario/checks.h"
#include "scenario/player.h"

namespace weir::scenario {
namespace {

template <typename T>
const T* pointer_to(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

std::string milliseconds(Nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<Milliseconds>(time).count()) + " ms";
}

std::string text_of(const std::set<Side>& sides) {
  if (sides.empty()) return "neither side";
  if (sides.size() > 1) return "both sides";
  return sides.contains(Side::Downstream) ? "downstream alone" : "upstream alone";
}

// The value in "name: value" lines of a metric store; plugins' names have a prefix there.
std::optional<uint64_t> value_of(const std::string& metrics, const std::string& name) {
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    for (const char* prefix : {"wasmcustom.", ""}) {
      const std::string begin = prefix + name + ": ";
      if (line.starts_with(begin)) return std::stoull(line.substr(begin.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

void Player::check(const Expectations* expected, const std::string& where, const JournalMark& since,
                   Findings& findings) {
  check_failures(expected, where, findings);
  if (expected == nullptr) return;
  check_streams(*expected, findings);
  const auto logs = journal_.logs_since(since);
  check_logs(expected->logs, logs, findings);
  for (const TextExpectation& unwanted : expected->no_logs) {
    for (const SeenLog& log : logs) {
      if (!fits(unwanted, log.text)) continue;
      findings.differ(unwanted.where, "no log line with " + in_quotes(unwanted.text) + " in it",
                      in_quotes(log.text));
    }
  }
  if (!expected->callbacks.empty()) {
    check_callbacks(expected->callbacks, journal_.callbacks_since(since), expected->where,
                    findings);
  }
  if (!expected->calls.empty()) {
    check_calls(expected->calls, journal_.calls_since(since), expected->where, findings);
  }
  check_world(*expected, findings);
  for (const Absence& absence : expected->none) check_absence(absence, since, findings);
}

// A plugin that fails unexpectedly fails the scenario.
void Player::check_failures(const Expectations* expected, const std::string& where,
                            Findings& findings) {
  const auto failure = new_failure();
  const std::string wanted = expected == nullptr ? "" : expected->failure;
  if (failure && wanted.empty()) {
    findings.add(where, "the plugin has failed: " + *failure);
  } else if (!failure && !wanted.empty()) {
    findings.add(where, "expected the plugin to fail, which it did not");
  } else if (failure && failure->find(wanted) == std::string::npos) {
    findings.differ(where, "a failure with " + in_quotes(wanted) + " in it", *failure);
  }
}

void Player::check_streams(const Expectations& expected, Findings& findings) {
  if (expected.request) {
    check_message(*expected.request, pointer_to(http_->request()), "the request", findings);
  }
  if (expected.response) {
    check_message(*expected.response, pointer_to(http_->response()), "the response", findings);
  }
  if (expected.local_reply) {
    check_reply(*expected.local_reply, pointer_to(http_->local_reply()), findings);
  }
  if (expected.reset && !(http_ != nullptr ? http_->was_reset() : !tcp_->closed().empty())) {
    findings.add(expected.where, "expected the plugin to break the stream off");
  }
  if (http_ != nullptr && !expected.reset && http_->was_reset()) {
    findings.add(expected.where, "the plugin has broken the stream off, unexpectedly");
  }
  if (expected.route_cleared && !http_->route_was_cleared()) {
    findings.add(expected.where, "expected the plugin to have the route chosen again");
  }
  if (expected.took && took_ != *expected.took) {
    findings.differ(expected.where,
                    "the plugin to hold the stream for " + milliseconds(*expected.took),
                    milliseconds(took_));
  }
  if (expected.tcp) {
    const auto check_bytes = [&](const std::optional<TextExpectation>& bytes,
                                 const std::string& got) {
      if (bytes && !fits(*bytes, got)) {
        findings.differ(bytes->where, describe(*bytes), in_quotes(got));
      }
    };
    check_bytes(expected.tcp->up, to_upstream_);
    check_bytes(expected.tcp->down, to_downstream_);
    const std::set<Side> closed(tcp_->closed().begin(), tcp_->closed().end());
    if (expected.tcp->closed && closed != *expected.tcp->closed) {
      findings.differ(expected.tcp->where, "the plugin to close " + text_of(*expected.tcp->closed),
                      text_of(closed));
    }
  }
  for (const auto& property : expected.properties) {
    auto& state = http_ != nullptr ? http_->filter_state() : tcp_->filter_state();
    const auto* entry = state.find(property.name);
    if (entry != nullptr && entry->value == property.value) continue;
    findings.differ(property.where, in_quotes(property.value),
                    entry == nullptr ? "no such property" : in_quotes(entry->value));
  }
}

void Player::check_world(const Expectations& expected, Findings& findings) {
  const auto& vm = plugin_->plugin().options().vm;
  if (!expected.metrics.empty()) {
    const std::string metrics = metrics_.to_text();
    for (const auto& metric : expected.metrics) {
      const auto value = value_of(metrics, metric.name);
      if (value == metric.value) continue;
      findings.differ(metric.where, std::to_string(metric.value),
                      value ? std::to_string(*value) : "no such metric");
    }
  }
  const auto& store = plugin_->plugin().vm()->shared_data();
  for (const auto& entry : expected.shared_data) {
    const auto value = store.get(entry.name);
    if (value && *value->bytes == entry.value) continue;
    findings.differ(entry.where, in_quotes(entry.value),
                    value ? in_quotes(*value->bytes) : "no such key");
  }
  for (const QueueExpectation& queue : expected.queues) {
    uint32_t id = 0;
    if (host_.shared_queues().resolve(vm.vm_id, queue.name, id) != abi::Status::Ok) {
      findings.add(queue.where, "nobody has opened a queue " + in_quotes(queue.name));
      continue;
    }
    const auto items = host_.shared_queues().items(id);
    if (items == queue.items) continue;
    const auto all = [](const std::vector<std::string>& texts) {
      std::string text;
      for (const std::string& item : texts) text += (text.empty() ? "" : ", ") + in_quotes(item);
      return "[" + text + "]";
    };
    findings.differ(queue.where, all(queue.items), all(items));
  }
}

void Player::check_absence(const Absence& absence, const JournalMark& since, Findings& findings) {
  const auto unwanted = [&](bool there, const std::string& what) {
    if (there) findings.add(absence.where, "expected none, but " + what);
  };
  switch (absence.thing) {
    case Thing::Request:
      return unwanted(http_ != nullptr && http_->request(), "the request has gone on");
    case Thing::Response:
      return unwanted(http_ != nullptr && http_->response(), "the client has a response");
    case Thing::LocalReply:
      return unwanted(http_ != nullptr && http_->local_reply(), "the plugin has answered");
    case Thing::Calls: {
      const auto calls = journal_.calls_since(since);
      return unwanted(!calls.empty(),
                      "the plugin called " + (calls.empty() ? "" : calls.front()->upstream));
    }
    case Thing::Logs:
      for (const SeenLog& log : journal_.logs_since(since)) {
        unwanted(log.of_plugin, "the plugin logged " + in_quotes(log.text));
      }
      return;
    case Thing::Callbacks: {
      const auto callbacks = journal_.callbacks_since(since);
      return unwanted(!callbacks.empty(), callbacks.empty() ? "" : callbacks.front() + " came");
    }
    case Thing::Bytes:
      return unwanted(tcp_ != nullptr && !(to_upstream_ + to_downstream_).empty(),
                      "there were " + in_quotes(to_upstream_ + to_downstream_));
  }
}

}  // namespace weir::scenario
