#include "planes/common/plugin_source.h"

#include "base/shown_url.h"
#include "planes/common/node_properties.h"
#include "planes/common/remedy.h"

namespace weir::planes {
namespace {

runtime::CallLimits call_limits(const config::Limits& limits) {
  return {.call_time = limits.call_cpu_time,
          .start_time = limits.start_cpu_time,
          .max_memory_bytes = limits.max_memory_bytes,
          .max_shared_data_bytes = limits.max_shared_data_bytes,
          .max_queue_bytes = limits.max_queue_bytes,
          .call_targets = limits.call_targets,
          .max_stream_memory_bytes = limits.max_stream_memory_bytes};
}

runtime::FailurePolicy failure_policy(config::FailurePolicy policy) {
  switch (policy) {
    case config::FailurePolicy::FailReload:
      return runtime::FailurePolicy::FailReload;
    case config::FailurePolicy::FailClosed:
      return runtime::FailurePolicy::FailClosed;
    case config::FailurePolicy::FailOpen:
      return runtime::FailurePolicy::FailOpen;
  }
  return runtime::FailurePolicy::FailClosed;
}

constexpr std::string_view kLogged = "its log lines may say why";

// The field that an error is about, and what to do.
struct Blame {
  config::PluginField field;
  std::string_view remedy = "";
};

// What is to stand where the code is no module.
struct RightCode {
  std::string_view operator()(const config::LocalFile& /*file*/) const {
    return "name a .wasm file that was built with a Proxy-Wasm SDK";
  }
  std::string_view operator()(const config::InlineBytes& /*code*/) const {
    return "write the module itself there, or name its file by code.local.filename";
  }
  std::string_view operator()(const config::EnvironmentVariable& /*variable*/) const {
    return "its value is the module itself; name a file by code.local.filename";
  }
  std::string_view operator()(const config::RemoteFile& /*file*/) const {
    return "name a .wasm file that was built with a Proxy-Wasm SDK";
  }
};

Blame blame(const runtime::LoadError& error, const config::CodeSource& code) {
  using runtime::LoadPart;
  using enum config::PluginField;
  switch (error.part) {
    case LoadPart::Engine:
      return {Runtime};
    case LoadPart::Isolation:
      return {Isolation, "leave it out"};
    case LoadPart::MaxMemory:
      return {MaxMemory, "raise it, in weir.v1.PluginOptions"};
    case LoadPart::MaxStreamMemory:
      return {MaxStreamMemory, "raise it"};
    case LoadPart::VmConfiguration:
      return {VmConfiguration, kLogged};
    case LoadPart::Configuration:
      return {Configuration, kLogged};
    case LoadPart::Code:
      break;
  }
  switch (error.code) {
    case ErrorCode::BadModule:
      return {Code, std::visit(RightCode(), code)};
    case ErrorCode::LinkFailed:
      return {Code, "build it with a Proxy-Wasm SDK, of ABI 0.1.0, 0.2.0 or 0.2.1"};
    case ErrorCode::Unsupported:
      return {Code, "choose another engine by vm_config.runtime"};
    case ErrorCode::GuestTrapped:
      return {Code, kLogged};
    default:
      return {Code};
  }
}

// As a message names it.
struct ShownCode {
  std::string operator()(const config::LocalFile& file) const { return "'" + file.path + "'"; }
  std::string operator()(const config::InlineBytes& /*code*/) const { return "inline code"; }
  std::string operator()(const config::EnvironmentVariable& variable) const {
    return "environment variable '" + variable.name + "'";
  }
  std::string operator()(const config::RemoteFile& file) const { return shown_url(file.uri); }
};

}  // namespace

Result<std::shared_ptr<const runtime::Plugin>> load_plugin(runtime::Host& host,
                                                           const config::PluginSettings& settings,
                                                           std::string code,
                                                           std::string upstream_scope,
                                                           const std::stop_token& stop) {
  runtime::PluginOptions options = plugin_options(settings, std::move(code));
  options.upstream_scope = std::move(upstream_scope);
  auto loaded = host.try_load(std::move(options), runtime::TryOut::Always, stop);
  if (loaded.ok()) return std::move(loaded).value();
  const auto [field, remedy] = blame(loaded.error(), settings.vm.code);
  Error error = with_remedy(std::move(loaded).error(), remedy);
  using enum config::PluginField;
  if (field == Code || field == MaxMemory || error.code == ErrorCode::GuestTrapped) {
    error = std::move(error).in(std::visit(ShownCode(), settings.vm.code));
  }
  return settings.where.locate(field, std::move(error).in("plugin '" + settings.name + "'"));
}

Result<runtime::PluginOptions> read_plugin(const config::PluginSettings& settings,
                                           const std::filesystem::path& base_dir) {
  auto code = config::read_code(settings.vm.code, base_dir);
  if (!code.ok()) return std::move(code).error().in("plugin '" + settings.name + "'");
  return plugin_options(settings, std::move(code).value());
}

runtime::PluginOptions plugin_options(const config::PluginSettings& settings, std::string code) {
  const config::VmSettings& vm = settings.vm;
  runtime::PluginOptions options;
  options.name = settings.name;
  options.root_id = settings.root_id;
  options.configuration = settings.configuration;
  options.failure_policy = failure_policy(settings.failure_policy);
  options.reload_backoff = settings.reload_backoff;
  options.reload_backoff_max = settings.reload_backoff_max;
  options.allow_on_headers_stop_iteration = settings.allow_on_headers_stop_iteration;
  options.properties = node_properties(settings.node);
  options.vm.vm_id = vm.vm_id;
  options.vm.engine = vm.runtime;
  options.vm.code = std::move(code);
  options.vm.configuration = vm.configuration;
  options.vm.environment = vm.environment;
  options.vm.allowed_capabilities = vm.allowed_capabilities;
  options.vm.allow_precompiled = vm.allow_precompiled;
  options.vm.unknown_imports = vm.unknown_imports == config::UnknownImports::Stub
                                   ? runtime::UnknownImports::Stub
                                   : runtime::UnknownImports::Reject;
  options.vm.isolation = vm.isolation == config::Isolation::Stream ? runtime::Isolation::Stream
                                                                   : runtime::Isolation::Shared;
  options.vm.limits = call_limits(vm.limits);
  return options;
}

std::optional<std::filesystem::path> watched_file(const config::PluginSettings& settings,
                                                  const std::filesystem::path& base_dir) {
  const auto* file = std::get_if<config::LocalFile>(&settings.vm.code);
  if (file == nullptr) return std::nullopt;
  return (base_dir / file->path).lexically_normal();
}

}  // namespace weir::planes
