#include "config/plugin_reader.h"

#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/lower_case.h"
#include "base/shown_url.h"
#include "base/suggestion.h"
#include "config/any_bytes.h"
#include "config/capability_names.h"
#include "config/data_source_reader.h"
#include "config/durations.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace core = envoy::config::core::v3;
namespace wasm = envoy::extensions::wasm::v3;

Result<CodeSource> read_local(const core::DataSource& source, const Place& at) {
  WEIR_TRY(DataSource data, read_data_source(source, at, "plugin.wasm"));
  return std::visit([](auto place) { return CodeSource(std::move(place)); }, std::move(data));
}

// A longer time is as good as endless; this one can be computed with in nanoseconds.
constexpr Milliseconds kLongest = std::chrono::hours(24 * 365);

Milliseconds read_time(const google::protobuf::Duration& duration) {
  return std::min(to_milliseconds(duration), kLongest);
}

// "https://", whatever its capitals; empty where it is none that is fetched from.
std::string_view scheme_of(std::string_view uri) {
  for (const std::string_view scheme : {"http://", "https://", "oci://"}) {
    if (lower_case(uri.substr(0, scheme.size())) == scheme) return scheme;
  }
  return "";
}

Done check_uri(std::string_view uri, const Place& at) {
  constexpr size_t kLongestUri = 8192;
  if (uri.size() > kLongestUri) {
    return at.error("is longer than " + std::to_string(kLongestUri) + " bytes");
  }
  if (scheme_of(uri).empty())
    return at.error(quote(shown_url(uri)) + " does not begin with https://, http:// or oci://");
  const std::string_view rest = uri.substr(scheme_of(uri).size());
  if (rest.empty() || std::string_view("/?#").find(rest.front()) != std::string_view::npos)
    return at.error(quote(shown_url(uri)) + " names no host; write one behind the two slashes");
  if (std::ranges::none_of(uri, [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; })) {
    return Unit{};
  }
  return at.error(quote(shown_url(uri)) +
                  " has a space or a control character; write it in hexadecimal, as %20");
}

Result<CodeSource> read_remote(const core::RemoteDataSource& source, const Place& at) {
  WEIR_TRY(check_uri(source.http_uri().uri(), at.field("http_uri").field("uri")));
  RemoteFile file;
  const std::string_view scheme = scheme_of(source.http_uri().uri());
  file.uri = std::string(scheme) + source.http_uri().uri().substr(scheme.size());
  file.cluster = source.http_uri().cluster();
  file.timeout = read_time(source.http_uri().timeout());
  file.sha256 = lower_case(source.sha256());
  const core::RetryPolicy& retry = source.retry_policy();
  if (retry.has_num_retries()) file.retries = retry.num_retries().value();
  if (!retry.has_retry_back_off()) return CodeSource(std::move(file));
  file.retry_base = read_time(retry.retry_back_off().base_interval());
  file.retry_max = retry.retry_back_off().has_max_interval()
                       ? read_time(retry.retry_back_off().max_interval())
                       : 10 * file.retry_base;
  return CodeSource(std::move(file));
}

Result<CodeSource> read_code_source(const core::AsyncDataSource& source, const Place& at) {
  if (source.has_local()) return read_local(source.local(), at.field("local"));
  if (source.has_remote()) return read_remote(source.remote(), at.field("remote"));
  return at.error("says no place of the code; write local: {filename: plugin.wasm}");
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.find_first_of(std::string_view("=\0", 2)) == std::string_view::npos;
}

Result<Environment> read_environment(const wasm::EnvironmentVariables& variables, const Place& at,
                                     const Environment& host) {
  Environment out;
  for (const auto& [name, value] : variables.key_values()) {
    Place here = at.field("key_values").entry(name);
    if (!is_variable_name(name)) return here.error("not a variable's name");
    if (value.find('\0') != std::string::npos) return here.error("the value holds a NUL byte");
    out.emplace(name, value);
  }
  std::set<std::string> chosen;
  for (int i = 0; i < variables.host_env_keys_size(); ++i) {
    const std::string& name = variables.host_env_keys(i);
    Place here = at.field("host_env_keys").item(static_cast<size_t>(i));
    if (!is_variable_name(name)) return here.error("not a variable's name");
    if (!chosen.insert(name).second) return here.error(quote(name) + " is given twice; keep one");
    if (variables.key_values().contains(name)) {
      return here.error(quote(name) + " is also in key_values; keep one");
    }
    if (auto found = host.find(name); found != host.end()) out.insert(*found);
  }
  return out;
}

Result<VmSettings> read_vm(const wasm::VmConfig& config, const Place& at, const Environment& host) {
  VmSettings vm;
  vm.vm_id = config.vm_id();
  vm.runtime = config.runtime();
  WEIR_TRY(vm.code, read_code_source(config.code(), at.field("code")));
  WEIR_TRY(vm.configuration, to_plugin_bytes(config.configuration(), at.field("configuration")));
  vm.allow_precompiled = config.allow_precompiled();
  vm.nack_on_code_cache_miss = config.nack_on_code_cache_miss();
  WEIR_TRY(vm.environment, read_environment(config.environment_variables(),
                                            at.field("environment_variables"), host));
  return vm;
}

Result<FailurePolicy> read_failure_policy(const wasm::PluginConfig& config, const Place& at) {
  bool given = config.failure_policy() != wasm::UNSPECIFIED;
  if (given && config.fail_open()) {
    return at.field("fail_open").error("'failure_policy' is set too; keep that one");
  }
  switch (config.failure_policy()) {
    case wasm::UNSPECIFIED:
      return config.fail_open() ? FailurePolicy::FailOpen : FailurePolicy::FailClosed;
    case wasm::FAIL_RELOAD:
      return FailurePolicy::FailReload;
    case wasm::FAIL_CLOSED:
      return FailurePolicy::FailClosed;
    case wasm::FAIL_OPEN:
      return FailurePolicy::FailOpen;
    default:  // a number that a later protocol may name
      return at.field("failure_policy").error("a value that Weir does not know");
  }
}

Error unknown_capability(const std::string& name, const Place& at) {
  const std::string or_else = suggest("proxy_" + name, capability_names(),
                                      "their names are those of the functions, as proxy_log");
  return at.error("no hostcall, WASI function or callback has this name; " +
                  suggest(name, capability_names(), or_else));
}

Result<std::set<std::string, std::less<>>> read_capabilities(const wasm::PluginConfig& config,
                                                             const Place& at) {
  bool in_vm = config.vm_config().has_capability_restriction_config();
  if (in_vm && config.has_capability_restriction_config()) {
    return at.field("capability_restriction_config").error("vm_config has one too; keep that one");
  }
  const auto& restriction = in_vm ? config.vm_config().capability_restriction_config()
                                  : config.capability_restriction_config();
  const Place list = (in_vm ? at.field("vm_config") : at)
                         .field("capability_restriction_config")
                         .field("allowed_capabilities");
  std::set<std::string, std::less<>> names;
  for (const auto& [name, sanitization] : restriction.allowed_capabilities()) {
    if (!is_capability_name(name)) return unknown_capability(name, list.entry(name));
    names.insert(name);
  }
  return names;
}

// How long an instance that keeps failing waits, first and at most.
Done read_backoff(const core::BackoffStrategy& backoff, const Place& at, PluginSettings& plugin) {
  if (backoff.has_base_interval()) plugin.reload_backoff = read_time(backoff.base_interval());
  plugin.reload_backoff_max = 10 * plugin.reload_backoff;
  if (!backoff.has_max_interval()) return Unit{};
  plugin.reload_backoff_max = read_time(backoff.max_interval());
  if (plugin.reload_backoff_max >= plugin.reload_backoff) return Unit{};
  return at.field("max_interval").error("is less than base_interval");
}

Result<Limits> read_limits(const weir::v1::Limits& message, const Place& at) {
  Limits limits;
  if (message.has_call_cpu_time()) limits.call_cpu_time = read_time(message.call_cpu_time());
  if (message.has_start_cpu_time()) limits.start_cpu_time = read_time(message.start_cpu_time());
  if (message.has_max_memory_bytes()) limits.max_memory_bytes = message.max_memory_bytes().value();
  if (message.has_max_shared_data_bytes()) {
    limits.max_shared_data_bytes = message.max_shared_data_bytes().value();
  }
  if (message.has_max_queue_bytes()) limits.max_queue_bytes = message.max_queue_bytes().value();
  if (message.has_max_stream_memory_bytes()) {
    limits.max_stream_memory_bytes = message.max_stream_memory_bytes().value();
  }
  for (int i = 0; i < message.call_targets_size(); ++i) {
    if (message.call_targets(i).empty()) {
      return at.field("call_targets")
          .item(static_cast<size_t>(i))
          .error("is empty; write a cluster's name, or leave the field out to allow all");
    }
    limits.call_targets.insert(message.call_targets(i));
  }
  return limits;
}

// The field of the code's place that says what to read.
Place code_place(const core::AsyncDataSource& code, const Place& at) {
  if (code.has_remote()) return at.field("remote").field("http_uri").field("uri");
  const Place local = at.field("local");
  const auto* field =
      code.local().GetDescriptor()->FindFieldByNumber(code.local().specifier_case());
  return field == nullptr ? local : local.field(field->name());
}

// `at` is where the PluginConfig stands.
PluginOrigin origin_of(const wasm::PluginConfig& config, const Place& at) {
  const Place vm = at.field("vm_config");
  const Place code = vm.field("code");
  PluginOrigin origin;
  using enum PluginField;
  origin.set(Plugin, at.describe());
  // Where there is none, an error about it is about what it is missing in.
  const auto configuration_of = [](const auto& message, const Place& place) {
    return message.has_configuration() ? place.field("configuration") : place;
  };
  origin.set(Configuration, configuration_of(config, at).describe());
  origin.set(Runtime, vm.field("runtime").describe());
  origin.set(Code, code_place(config.vm_config().code(), code).describe());
  // Where there is none, the uri of an image has it.
  origin.set(CodeHash, config.vm_config().code().remote().sha256().empty()
                           ? origin.of(Code)
                           : code.field("remote").field("sha256").describe());
  origin.set(CodeFolder, code.field("local").field("watched_directory").field("path").describe());
  origin.set(CacheMiss, vm.field("nack_on_code_cache_miss").describe());
  origin.set(VmConfiguration, configuration_of(config.vm_config(), vm).describe());
  return origin;
}

// `at` is where the PluginOptions stand.
void add_options(const Place& at, PluginOrigin& origin) {
  const Place fetch = at.field("fetch");
  using enum PluginField;
  origin.set(MaxCodeBytes, fetch.field("max_bytes").describe());
  origin.set(PullSecret, fetch.field("pull_secret").describe());
  origin.set(Isolation, at.field("isolation").describe());
  const Place limits = at.field("limits");
  origin.set(MaxMemory, limits.field("max_memory_bytes").describe());
  origin.set(MaxStreamMemory, limits.field("max_stream_memory_bytes").describe());
  origin.set(CallTargets, limits.field("call_targets").describe());
}

Done read_fetch(const weir::v1::Fetch& message, const Place& at, CodeSource& into) {
  auto* remote = std::get_if<RemoteFile>(&into);
  if (remote == nullptr) return at.error("the plugin's code is not remote; leave it out");
  const bool image = remote->uri.starts_with("oci://");
  const auto is_for_images = [&](std::string_view field) {
    return at.field(field).error("is for images, oci://REGISTRY/REPOSITORY, and the uri is " +
                                 remote->uri.substr(0, remote->uri.find("//") + 2) +
                                 "...; leave it out");
  };
  if (message.has_pull_secret() && !image) return is_for_images("pull_secret");
  if (message.plain_http() && !image) return is_for_images("plain_http");
  if (message.has_pull_secret()) {
    WEIR_TRY(remote->pull_secret,
             read_data_source(message.pull_secret(), at.field("pull_secret"), "config.json"));
  }
  remote->plain_http = message.plain_http();
  remote->follow_redirects = message.follow_redirects();
  if (message.has_max_bytes()) remote->max_bytes = message.max_bytes().value();
  return Unit{};
}

}  // namespace

Environment process_environment() {
  Environment out;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view text = *variable;
    size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Result<PluginSettings> make_plugin_settings(const wasm::PluginConfig& config, const Place& at,
                                            const Environment& environment) {
  PluginSettings plugin;
  plugin.where = origin_of(config, at);
  plugin.name = config.name();
  plugin.root_id = config.root_id();
  WEIR_TRY(plugin.configuration,
           to_plugin_bytes(config.configuration(), at.field("configuration")));
  WEIR_TRY(plugin.failure_policy, read_failure_policy(config, at));
  WEIR_TRY(read_backoff(config.reload_config().backoff(),
                        at.field("reload_config").field("backoff"), plugin));
  plugin.allow_on_headers_stop_iteration = config.allow_on_headers_stop_iteration().value();
  WEIR_TRY(plugin.vm, read_vm(config.vm_config(), at.field("vm_config"), environment));
  WEIR_TRY(plugin.vm.allowed_capabilities, read_capabilities(config, at));
  return plugin;
}

Result<PluginSettings> make_plugin_settings(const weir::v1::PluginOptions& options, const Place& at,
                                            const Environment& environment) {
  WEIR_TRY(PluginSettings plugin,
           make_plugin_settings(options.plugin(), at.field("plugin"), environment));
  add_options(at, plugin.where);
  WEIR_TRY(plugin.vm.limits, read_limits(options.limits(), at.field("limits")));
  if (options.has_fetch()) {
    WEIR_TRY(read_fetch(options.fetch(), at.field("fetch"), plugin.vm.code));
  }
  if (options.unknown_imports() == weir::v1::STUB) plugin.vm.unknown_imports = UnknownImports::Stub;
  if (options.isolation() == weir::v1::STREAM) plugin.vm.isolation = Isolation::Stream;
  return plugin;
}

}  // namespace weir::config
