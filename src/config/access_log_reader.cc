#include "config/access_log_reader.h"

#include "config/log_filter_reader.h"
#include "config/log_format_reader.h"
#include "config/unpack.h"
#include "weir/envoy/file_access_log.pb.h"
#include "weir/envoy/stream_access_log.pb.h"
#include "weir/envoy/wasm_access_log.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace loggers = envoy::extensions::access_loggers;
namespace accesslog_v3 = envoy::config::accesslog::v3;
using loggers::file::v3::FileAccessLog;
using loggers::stream::v3::StderrAccessLog;
using loggers::stream::v3::StdoutAccessLog;
using loggers::wasm::v3::WasmAccessLog;
using weir::v1::PluginOptions;

Result<LogFormat> read_file_format(const FileAccessLog& message, const Place& at) {
  switch (message.access_log_format_case()) {
    case FileAccessLog::kFormat:
      return read_text_format(message.format(), at.field("format"));
    case FileAccessLog::kJsonFormat: {
      WEIR_TRY(LogFormat format, read_json_format(message.json_format(), at.field("json_format")));
      format.texts_only = true;
      return format;
    }
    case FileAccessLog::kTypedJsonFormat:
      return read_json_format(message.typed_json_format(), at.field("typed_json_format"));
    case FileAccessLog::kLogFormat:
      return read_log_format(message.log_format(), at.field("log_format"));
    case FileAccessLog::ACCESS_LOG_FORMAT_NOT_SET:
      break;
  }
  return default_log_format();
}

Result<LogFile> read_file(const FileAccessLog& message, const Place& at) {
  LogFile file{.where = {at.field("path").describe()}, .path = message.path()};
  WEIR_TRY(file.format, read_file_format(message, at));
  return file;
}

template <typename Message>
Result<LogFile> read_stream(const google::protobuf::Any& any, LogFile::Kind kind, const Place& at) {
  WEIR_TRY(Message message, unpack<Message>(any, at));
  LogFile file{.where = {at.describe()}, .kind = kind, .format = default_log_format()};
  if (message.has_log_format()) {
    WEIR_TRY(file.format, read_log_format(message.log_format(), at.field("log_format")));
  }
  return file;
}

Result<PluginSettings> read_plugin_log(const google::protobuf::Any& config,
                                       const Environment& environment, const Place& at) {
  if (config.Is<WasmAccessLog>()) {
    WEIR_TRY(WasmAccessLog log, unpack<WasmAccessLog>(config, at));
    return make_plugin_settings(log.config(), at.field("config"), environment);
  }
  WEIR_TRY(PluginOptions options, unpack<PluginOptions>(config, at));
  return make_plugin_settings(options, at, environment);
}

Result<AccessLog> read_access_log(const accesslog_v3::AccessLog& message,
                                  const Environment& environment, const Place& at) {
  AccessLog log;
  if (message.has_filter()) {
    WEIR_TRY(log.filter, read_log_filter(message.filter(), at.field("filter")));
  }
  const google::protobuf::Any& config = message.typed_config();
  const Place here = at.field("typed_config");
  if (config.Is<FileAccessLog>()) {
    WEIR_TRY(auto file, unpack<FileAccessLog>(config, here));
    WEIR_TRY(log.to, read_file(file, here));
  } else if (config.Is<StdoutAccessLog>()) {
    WEIR_TRY(log.to, read_stream<StdoutAccessLog>(config, LogFile::Kind::Stdout, here));
  } else if (config.Is<StderrAccessLog>()) {
    WEIR_TRY(log.to, read_stream<StderrAccessLog>(config, LogFile::Kind::Stderr, here));
  } else if (config.Is<WasmAccessLog>() || config.Is<PluginOptions>()) {
    WEIR_TRY(log.to, read_plugin_log(config, environment, here));
  } else {
    return here.error(quote(type_name(config)) + " is no access log; expected one of " +
                      FileAccessLog::descriptor()->full_name() + ", " +
                      StdoutAccessLog::descriptor()->full_name() + ", " +
                      StderrAccessLog::descriptor()->full_name() + ", " +
                      WasmAccessLog::descriptor()->full_name() + ", " +
                      PluginOptions::descriptor()->full_name());
  }
  return log;
}

}  // namespace

Result<std::vector<AccessLog>> read_access_logs(
    const google::protobuf::RepeatedPtrField<accesslog_v3::AccessLog>& messages,
    const Environment& environment, const Place& at) {
  std::vector<AccessLog> logs;
  for (int i = 0; i < messages.size(); ++i) {
    WEIR_TRY(AccessLog log,
             read_access_log(messages[i], environment, at.item(static_cast<size_t>(i))));
    logs.push_back(std::move(log));
  }
  return logs;
}

}  // namespace weir::config
