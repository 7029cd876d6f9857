#include <gtest/gtest.h>

#include <string>

#include "config/bootstrap.h"

namespace weir::config {
namespace {

constexpr const char* kManager =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

std::string any(const std::string& type, const std::string& fields = "") {
  return "{'@type': type.googleapis.com/" + type + fields + "}";
}

std::string file(const std::string& fields = ", path: a.log") {
  return any("envoy.extensions.access_loggers.file.v3.FileAccessLog", fields);
}

// A bootstrap with one access log of requests.
std::string text_of(const std::string& log) {
  return "static_resources:\n"
         "  listeners: [{address: {socket_address: {address: 127.0.0.1, port_value: 80}}, "
         "filter_chains: [{filters: [{name: h, typed_config: {'@type': type.googleapis.com/" +
         std::string(kManager) + ", stat_prefix: s, access_log: [" + log +
         "], route_config: {virtual_hosts: [{name: all, domains: ['*']}]}, http_filters: [{name: "
         "r, typed_config: {'@type': "
         "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]}}]}]}]\n";
}

AccessLog load(const std::string& log) {
  auto settings = load_bootstrap(text_of(log), "f.yaml");
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  if (!settings.ok()) return {};
  return settings.value().listeners.at(0).chains.at(0).access_logs.at(0);
}

// Without file, line and column, and without the path to the log.
std::string error_of(const std::string& log) {
  constexpr std::string_view kPath =
      "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.access_log[0]";
  auto settings = load_bootstrap(text_of(log), "f.yaml");
  if (settings.ok()) return "no error";
  const std::string message =
      settings.error().message.substr(settings.error().message.find(": ") + 2);
  return message.starts_with(kPath) ? message.substr(kPath.size()) : message;
}

TEST(AccessLogReaderTest, ReadsFilesInTheDefaultFormat) {
  const AccessLog log = load("{name: f, typed_config: " + file() + "}");
  const auto& to = std::get<LogFile>(log.to);
  EXPECT_EQ(to.kind, LogFile::Kind::File);
  EXPECT_EQ(to.path, "a.log");
  EXPECT_EQ(std::get<LogText>(to.format.line), std::get<LogText>(default_log_format().line));
  EXPECT_FALSE(log.filter);
}

TEST(AccessLogReaderTest, ReadsFormats) {
  const auto text = load("{typed_config: " +
                         file(", path: a, log_format: {omit_empty_values: true, "
                              "text_format_source: {inline_string: '%PROTOCOL%'}}") +
                         "}");
  EXPECT_TRUE(std::get<LogFile>(text.to).format.omit_empty);
  const auto json = load(
      "{typed_config: " + file(", path: a, log_format: {json_format: {b: '%PROTOCOL%', a: 1}}") +
      "}");
  const auto& line = std::get<LogJson>(std::get<LogFile>(json.to).format.line);
  const auto& members = std::get<LogJson::Object>(line.value).members;
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].key, "a");
  EXPECT_EQ(std::get<LogJson::Literal>(members[0].value).json, "1");
  EXPECT_TRUE(std::holds_alternative<LogText>(members[1].value));
  const auto old =
      load("{typed_config: " + file(", path: a, json_format: {a: '%DURATION%'}") + "}");
  EXPECT_TRUE(std::get<LogFile>(old.to).format.texts_only);
}

TEST(AccessLogReaderTest, ReadsStreamsAndPlugins) {
  const auto out = load(
      "{typed_config: " + any("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog") + "}");
  EXPECT_EQ(std::get<LogFile>(out.to).kind, LogFile::Kind::Stdout);
  const auto plugin = load("{typed_config: " +
                           any("envoy.extensions.access_loggers.wasm.v3.WasmAccessLog",
                               ", config: {name: p, vm_config: {code: {local: {filename: a}}}}") +
                           "}");
  EXPECT_EQ(std::get<PluginSettings>(plugin.to).name, "p");
}

TEST(AccessLogReaderTest, ReadsFilters) {
  const auto filtered = [](const std::string& filter) {
    return load("{filter: " + filter + ", typed_config: " + file() + "}").filter.value();
  };
  const auto code = std::get<StatusCodeFilter>(
      filtered("{status_code_filter: {comparison: {op: GE, value: {default_value: 500}}}}")
          .condition);
  EXPECT_EQ(code.op, NumberComparison::Op::GreaterOrEqual);
  EXPECT_EQ(code.value, 500u);
  const auto any_of = std::get<AnyOf>(
      filtered("{or_filter: {filters: [{not_health_check_filter: {}}, {grpc_status_filter: "
               "{statuses: [OK, NOT_FOUND], exclude: true}}]}}")
          .condition);
  ASSERT_EQ(any_of.filters.size(), 2u);
  EXPECT_EQ(std::get<GrpcStatusFilter>(any_of.filters[1].condition).statuses, 0b100001u);
  const auto header = std::get<HeaderMatch>(
      filtered("{header_filter: {header: {name: X-A, string_match: {prefix: Ab}, invert_match: "
               "true}}}")
          .condition);
  EXPECT_EQ(header.name, "x-a");
  EXPECT_EQ(std::get<StringMatch>(header.value).text, "Ab");
  EXPECT_TRUE(header.invert);
  EXPECT_EQ(
      std::get<ResponseFlagFilter>(filtered("{response_flag_filter: {flags: [UF, DC]}}").condition)
          .flags,
      0x4020u);
}

TEST(AccessLogReaderTest, NamesWhatCannotBe) {
  const auto with_filter = [](const std::string& filter) {
    return "{filter: " + filter + ", typed_config: " + file() + "}";
  };
  EXPECT_EQ(error_of("{name: f}"), ": 'typed_config' is missing; its '@type' says where it goes");
  EXPECT_EQ(error_of("{typed_config: " + file("") + "}"), ".typed_config: 'path' is missing");
  EXPECT_EQ(error_of("{typed_config: " + file(", path: a, format: '%NOPE%'") + "}").substr(0, 60),
            ".typed_config.format: there is no operator '%NOPE%'; expecte");
  EXPECT_EQ(error_of("{typed_config: " +
                     file(", path: a, log_format: {json_format: {a: {b: ['%REQ%']}}}") + "}"),
            ".typed_config.log_format.json_format.a.b[0]: %REQ%: says nothing in parentheses, as "
            "%REQ(NAME)%");
  EXPECT_EQ(error_of("{typed_config: " +
                     file(", path: a, log_format: {text_format_source: {filename: b}}") + "}"),
            ".typed_config.log_format.text_format_source: a format is said in place, as "
            "inline_string");
  EXPECT_EQ(error_of(with_filter("{and_filter: {filters: [{not_health_check_filter: {}}]}}")),
            ".filter.and_filter.filters: has to have at least two");
  EXPECT_EQ(error_of(with_filter("{response_flag_filter: {flags: [UX]}}")).substr(0, 62),
            ".filter.response_flag_filter.flags[0]: 'UX' is no response fla");
  EXPECT_EQ(error_of(with_filter("{header_filter: {header: {name: ''}}}")),
            ".filter.header_filter.header: 'name' is missing");
}

}  // namespace
}  // namespace weir::config
