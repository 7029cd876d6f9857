#pragma once
// What a scenario expects, as plain values. Each knows its place in the file, for messages.

#include <re2/re2.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "scenario/header_line.h"

namespace weir::scenario {

struct FieldPattern {
  std::string name;
  std::shared_ptr<const re2::RE2> value;  // of the whole value
};

struct FieldsExpectation {
  std::string where;
  std::vector<Field> has;
  std::vector<FieldPattern> matches;
  std::vector<std::string> lacks;
  std::optional<std::vector<Field>> exactly;
};

struct TextExpectation {
  enum class Kind : uint8_t { Whole, Contains, Matches };

  std::string where;
  Kind kind = Kind::Whole;
  std::string text;
  std::shared_ptr<const re2::RE2> expression;  // where Matches: of the whole text
  std::filesystem::path file;                  // where the text is that of a file; else empty
};

struct MessageExpectation {
  std::string where;
  uint32_t status = 0;  // 0: not looked at
  std::optional<FieldsExpectation> headers;
  std::optional<FieldsExpectation> trailers;
  std::optional<TextExpectation> body;
  std::vector<std::string> pieces;  // empty: not looked at
};

struct LocalReplyExpectation {
  std::string where;
  uint32_t status = 0;
  std::optional<FieldsExpectation> headers;
  std::optional<TextExpectation> body;
  std::string details;
  std::optional<int32_t> grpc_status;
};

struct LogExpectation {
  std::optional<LogLevel> level;
  TextExpectation text;
};

struct CallExpectation {
  std::string where;
  std::string upstream;
  std::vector<Field> pseudo;  // :method, :path
  std::optional<FieldsExpectation> headers;
  std::optional<FieldsExpectation> trailers;
  std::optional<TextExpectation> body;
  std::vector<std::string> messages;  // empty: not looked at
  bool cancelled = false;
};

enum class Side : uint8_t { Downstream, Upstream };

struct TcpExpectation {
  std::string where;
  std::optional<TextExpectation> up;
  std::optional<TextExpectation> down;
  std::optional<std::set<Side>> closed;  // all of them
};

struct QueueExpectation {
  std::string where;
  std::string name;
  std::vector<std::string> items;
};

template <typename T>
struct NamedValue {
  std::string where;
  std::string name;
  T value;
};

// Things of which there is to be none.
enum class Thing : uint8_t { Request, Response, LocalReply, Calls, Logs, Callbacks, Bytes };

struct Absence {
  std::string where;
  Thing thing;
};

// Of all that a step has led to.
struct Expectations {
  std::string where;
  std::optional<MessageExpectation> request;
  std::optional<MessageExpectation> response;
  std::optional<LocalReplyExpectation> local_reply;
  bool reset = false;
  std::string failure;  // part of the reason; empty: the plugin is not to fail
  bool route_cleared = false;
  std::vector<LogExpectation> logs;
  std::vector<TextExpectation> no_logs;
  std::vector<std::string> callbacks;
  std::vector<CallExpectation> calls;
  std::optional<TcpExpectation> tcp;
  std::vector<NamedValue<uint64_t>> metrics;
  std::vector<NamedValue<std::string>> shared_data;
  std::vector<QueueExpectation> queues;
  std::vector<NamedValue<std::string>> properties;
  std::optional<Nanoseconds> took;
  std::vector<Absence> none;
};

}  // namespace weir::scenario
