#pragma once
// What a configuration says of access logs, as plain values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/log_format.h"
#include "config/origin.h"
#include "config/plugin_config.h"
#include "config/routes.h"

namespace weir::config {

struct NumberComparison {
  enum class Op : uint8_t { Equal, GreaterOrEqual, LessOrEqual };

  Op op = Op::Equal;
  uint32_t value = 0;
};

// Which streams are written down.
struct LogFilter;
struct StatusCodeFilter : NumberComparison {};
struct DurationFilter : NumberComparison {};  // milliseconds
struct NotHealthCheckFilter {};
struct AllOf {
  std::vector<LogFilter> filters;
};
struct AnyOf {
  std::vector<LogFilter> filters;
};
struct ResponseFlagFilter {
  uint32_t flags = 0;  // bits of response.flags; zero: any
};
struct GrpcStatusFilter {
  uint32_t statuses = 0;  // a bit for each
  bool exclude = false;
};
struct LogFilter {
  std::variant<StatusCodeFilter, DurationFilter, NotHealthCheckFilter, AllOf, AnyOf, HeaderMatch,
               ResponseFlagFilter, GrpcStatusFilter>
      condition;
};

struct LogFile {
  enum class Kind : uint8_t { File, Stdout, Stderr };

  Origin where;
  Kind kind = Kind::File;
  std::string path;  // of a File; a relative one starts at the folder of the configuration file
  LogFormat format;
};

struct AccessLog {
  std::optional<LogFilter> filter;  // absent: everything is written
  std::variant<LogFile, PluginSettings> to;
};

}  // namespace weir::config
