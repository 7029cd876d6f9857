#include "scenario/checks.h"

#include <algorithm>

namespace weir::scenario {
namespace {

std::string all_of(const abi::HeaderList& fields) { return "{" + fields_text(fields) + "}"; }

void check_text(const std::optional<TextExpectation>& expected, std::string_view text,
                Findings& findings) {
  if (!expected || fits(*expected, text)) return;
  findings.differ(expected->where, describe(*expected), in_quotes(text));
  if (!expected->file.empty()) findings.add_golden(expected->file, text);
}

// The values of a name, for messages.
std::string values_of(std::string_view name, const abi::HeaderList& fields) {
  std::string text;
  fields.for_each([&](std::string_view other, std::string_view value) {
    if (!abi::same_name(name, other)) return;
    text.append(text.empty() ? "" : " and ").append(in_quotes(value));
  });
  return text.empty() ? "no such header" : text;
}

bool any_of(const abi::HeaderList& fields, std::string_view name,
            FunctionRef<bool(std::string_view value)> fits_value) {
  bool found = false;
  fields.for_each([&](std::string_view other, std::string_view value) {
    found = found || (abi::same_name(name, other) && fits_value(value));
  });
  return found;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text.append(text.empty() ? "" : ", ").append(item);
  return text.empty() ? "nothing" : text;
}

std::string quoted_all(const std::vector<std::string>& items) {
  std::vector<std::string> texts;
  std::ranges::transform(items, std::back_inserter(texts),
                         [](const auto& t) { return in_quotes(t); });
  return joined(texts);
}

std::string line_of(const SeenLog& log) {
  return std::string(level_name(log.level)) + " " + in_quotes(log.text);
}

bool fits(const LogExpectation& expected, const SeenLog& log) {
  return (!expected.level || *expected.level == log.level) && fits(expected.text, log.text);
}

std::string name_of(const SeenCall& call) {
  return "a call to " + call.upstream + " " +
         std::string(call.headers.find(":method").value_or("")) + " " +
         std::string(call.headers.find(":path").value_or(""));
}

void check_call(const CallExpectation& expected, const SeenCall& seen, Findings& findings) {
  if (!expected.upstream.empty() && expected.upstream != seen.upstream) {
    return findings.differ(expected.where, "a call to " + expected.upstream, name_of(seen));
  }
  for (const auto& [name, value] : expected.pseudo) {
    if (seen.headers.find(name) == value) continue;
    findings.differ(expected.where, to_line(name, value), values_of(name, seen.headers));
  }
  if (expected.headers) check_fields(*expected.headers, seen.headers, findings);
  if (expected.trailers) {
    check_fields(*expected.trailers, seen.trailers.value_or(abi::HeaderList()), findings);
  }
  check_text(expected.body, seen.body, findings);
  if (!expected.messages.empty() && expected.messages != seen.messages) {
    findings.differ(expected.where, "the messages " + quoted_all(expected.messages),
                    quoted_all(seen.messages));
  }
  if (expected.cancelled && !seen.cancelled) {
    findings.add(expected.where, "expected the plugin to give the call up, which it did not");
  }
}

}  // namespace

bool fits(const TextExpectation& expected, std::string_view text) {
  switch (expected.kind) {
    case TextExpectation::Kind::Whole:
      return text == expected.text;
    case TextExpectation::Kind::Contains:
      return text.find(expected.text) != std::string_view::npos;
    case TextExpectation::Kind::Matches:
      return re2::RE2::FullMatch({text.data(), text.size()}, *expected.expression);
  }
  return false;
}

std::string describe(const TextExpectation& expected) {
  switch (expected.kind) {
    case TextExpectation::Kind::Whole:
      return in_quotes(expected.text);
    case TextExpectation::Kind::Contains:
      return "something with " + in_quotes(expected.text) + " in it";
    case TextExpectation::Kind::Matches:
      return "something that matches " + expected.text;
  }
  return "";
}

void check_fields(const FieldsExpectation& expected, const abi::HeaderList& fields,
                  Findings& findings) {
  for (const Field& field : expected.has) {
    const auto is_value = [&](std::string_view value) { return value == field.second; };
    if (any_of(fields, field.first, is_value)) continue;
    findings.differ(expected.where, to_line(field.first, field.second),
                    values_of(field.first, fields));
  }
  for (const FieldPattern& pattern : expected.matches) {
    const auto fits_value = [&](std::string_view value) {
      return re2::RE2::FullMatch({value.data(), value.size()}, *pattern.value);
    };
    if (any_of(fields, pattern.name, fits_value)) continue;
    findings.differ(expected.where,
                    pattern.name + " with a value that matches " + pattern.value->pattern(),
                    values_of(pattern.name, fields));
  }
  for (const std::string& name : expected.lacks) {
    if (!fields.find(name)) continue;
    findings.differ(expected.where, "no header " + name, values_of(name, fields));
  }
  if (!expected.exactly) return;
  std::vector<Field> all;
  fields.for_each(
      [&](std::string_view name, std::string_view value) { all.emplace_back(name, value); });
  if (all == *expected.exactly) return;
  findings.differ(expected.where, "exactly " + all_of(to_list(*expected.exactly)), all_of(fields));
}

void check_message(const MessageExpectation& expected, const SeenMessage* seen,
                   std::string_view whose, Findings& findings) {
  if (seen == nullptr) {
    return findings.add(expected.where, std::string("expected ") + std::string(whose) +
                                            ", but nothing of it has gone on");
  }
  if (expected.status != 0) {
    const auto status = std::to_string(expected.status);
    const auto got = seen->headers.find(":status").value_or("none");
    if (got != status) findings.differ(expected.where, "status " + status, got);
  }
  if (expected.headers) check_fields(*expected.headers, seen->headers, findings);
  if (expected.trailers) {
    check_fields(*expected.trailers, seen->trailers.value_or(abi::HeaderList()), findings);
  }
  check_text(expected.body, seen->body(), findings);
  if (!expected.pieces.empty() && expected.pieces != seen->pieces) {
    findings.differ(expected.where, "the pieces " + quoted_all(expected.pieces),
                    quoted_all(seen->pieces));
  }
}

void check_reply(const LocalReplyExpectation& expected, const SeenReply* seen, Findings& findings) {
  if (seen == nullptr) {
    return findings.add(expected.where, "expected a local reply, but the plugin sent none");
  }
  if (expected.status != 0 && expected.status != seen->status) {
    findings.differ(expected.where, "status " + std::to_string(expected.status),
                    std::to_string(seen->status));
  }
  if (expected.headers) check_fields(*expected.headers, seen->headers, findings);
  check_text(expected.body, seen->body, findings);
  if (!expected.details.empty() && expected.details != seen->details) {
    findings.differ(expected.where, "details " + in_quotes(expected.details),
                    in_quotes(seen->details));
  }
  if (expected.grpc_status && *expected.grpc_status != seen->grpc_status) {
    findings.differ(expected.where, "gRPC status " + std::to_string(*expected.grpc_status),
                    std::to_string(seen->grpc_status));
  }
}

void check_logs(const std::vector<LogExpectation>& expected, const std::vector<SeenLog>& seen,
                Findings& findings) {
  auto next = seen.begin();
  for (const LogExpectation& line : expected) {
    const auto found =
        std::find_if(next, seen.end(), [&](const SeenLog& log) { return fits(line, log); });
    if (found != seen.end()) {
      next = found + 1;
      continue;
    }
    std::vector<std::string> rest;
    std::transform(next, seen.end(), std::back_inserter(rest), line_of);
    std::string wanted = line.level ? std::string(level_name(*line.level)) + " " : std::string();
    findings.differ(line.text.where, "the log line " + wanted + describe(line.text), joined(rest));
  }
}

void check_calls(const std::vector<CallExpectation>& expected,
                 const std::vector<std::shared_ptr<const SeenCall>>& seen, std::string_view where,
                 Findings& findings) {
  if (expected.size() != seen.size()) {
    std::vector<std::string> names;
    for (const auto& call : seen) names.push_back(name_of(*call));
    findings.differ(where, std::to_string(expected.size()) + " calls", joined(names));
  }
  for (size_t i = 0; i < std::min(expected.size(), seen.size()); ++i) {
    check_call(expected[i], *seen[i], findings);
  }
}

void check_callbacks(const std::vector<std::string>& expected, const std::vector<std::string>& seen,
                     std::string_view where, Findings& findings) {
  if (expected == seen) return;
  findings.differ(where, "the callbacks " + joined(expected), joined(seen));
}

}  // namespace weir::scenario
