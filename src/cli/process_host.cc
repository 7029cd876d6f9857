#include "cli/process_host.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/cache_folder.h"
#include "fetch/ca_file.h"
#include "planes/serve/generation.h"

namespace weir::cli {
namespace {

std::unique_ptr<const FileCache> make_fetch_cache(const std::string& folder, Logger& logger) {
  if (folder.empty()) return nullptr;
  return std::make_unique<const FileCache>(fetch_cache_settings(folder), logger);
}

std::unique_ptr<const engine::CodeCache> make_code_cache(const std::string& folder,
                                                         Logger& logger) {
  if (folder.empty()) return nullptr;
  return std::make_unique<const engine::CodeCache>(folder, kCodeCacheBytes, logger);
}

}  // namespace

HostOptions::HostOptions(CLI::App& command, std::string default_log_level)
    : code_cache_(default_cache("code")),
      fetch_cache_(default_cache("fetched")),
      log_level_(std::move(default_log_level)) {
  auto* cache = command
                    .add_option("--code-cache", code_cache_,
                                "A folder that keeps compiled code; off keeps none")
                    ->type_name("DIR")
                    ->capture_default_str();
  command.add_flag("--no-code-cache", no_code_cache_, "Compile plugins at every start")
      ->excludes(cache);
  command
      .add_option("--fetch-cache", fetch_cache_,
                  "A folder that keeps code fetched from elsewhere; off keeps none")
      ->type_name("DIR")
      ->capture_default_str();
  command
      .add_option("--fetch-ca-file", fetch_ca_file_,
                  "Whom to trust when code is fetched over https, in PEM; else the system's")
      ->type_name("FILE");
  command.add_option("--log-level", log_level_, "trace, debug, info, warn, error or critical")
      ->type_name("LEVEL")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical"}));
}

Done HostOptions::check() const {
  if (fetch_ca_file_.empty()) return Unit{};
  Done readable = fetch::check_ca_file(fetch_ca_file_);
  if (readable.ok()) return readable;
  return std::move(readable).error().in("--fetch-ca-file");
}

ProcessHost::ProcessHost(const HostOptions& options)
    : logger_(options.log_level()),
      engines_(engine::Engines::default_search_path(), {}),
      cache_(make_code_cache(options.code_cache(), logger_)),
      fetched_(make_fetch_cache(options.fetch_cache(), logger_)),
      host_({.engines = engines_,
             .code_cache = cache_.get(),
             .clock = clock_,
             .logger = logger_,
             .metrics = metrics_}),
      fetcher_({.cache = fetched_.get(),
                .logger = logger_,
                .trust = {.ca_file = options.fetch_ca_file(),
                          .ca_folder = "",
                          .remedy = "trust its authority by --fetch-ca-file FILE"}}) {}

Done ProcessHost::start_again_if_needed(const config::ServeSettings& settings,
                                        const std::string& file, const StartAgain& start_again) {
  const auto plugins = serve::plugins_of(settings);
  std::vector<std::string_view> runtimes;
  for (const auto& place : plugins) runtimes.push_back(place.settings.vm.runtime);
  const auto need = find_loader_need(engines_, runtimes);
  if (!need || !start_again) return Unit{};
  std::error_code ignored;
  if (!file.empty() && !std::filesystem::is_regular_file(file, ignored)) {
    return Error{ErrorCode::Unsupported,
                 file +
                     ": is no regular file, and has to be read twice, since weir starts again "
                     "for engine '" +
                     need->engine + "': write it to a file"};
  }
  logger_.log(LogLevel::Info, to_string(*need));
  return start_again(need->loader);
}

}  // namespace weir::cli
