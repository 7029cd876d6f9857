#include "cli/serve_command.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "cli/cache_folder.h"
#include "cli/read_file.h"
#include "config/socket_address.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/serve/spdlog_logger.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace weir::cli {
namespace {

constexpr uint64_t kFetchCacheBytes = 1ull << 30;
constexpr uint32_t kMaxWorkers = 512;

Result<config::ServeSettings> read_bootstrap(const std::string& path) {
  WEIR_TRY(const std::string text, read_file(path));
  return config::load_bootstrap(text, path);
}

ExitCode fail(const Error& error) {
  std::cerr << "weir serve: " << error.message << "\n";
  return ExitCode::Failure;
}

}  // namespace

ServeCommand::ServeCommand(CLI::App& app)
    : code_cache_(default_cache("code")), fetch_cache_(default_cache("fetched")) {
  CLI::App* command = app.add_subcommand("serve", "Serves HTTP as a proxy that runs plugins.");
  command_ = command;
  auto* file = command->add_option("-c,--config-file", file_, "A bootstrap in YAML or JSON")
                   ->type_name("FILE");
  command->add_option("plugin", shorthand_.plugin, "A .wasm file")
      ->type_name("PLUGIN")
      ->excludes(file);
  command
      ->add_option("--upstream", shorthand_.upstream,
                   "Where requests go: http://host:port, or "
                   "h2c://host:port for HTTP/2")
      ->type_name("URL")
      ->excludes(file);
  command->add_option("--config", shorthand_.configuration, "The plugin's configuration")
      ->type_name("TEXT")
      ->excludes(file);
  command->add_option("--engine", shorthand_.engine, "The plugin's engine; see weir engines")
      ->type_name("NAME")
      ->excludes(file);
  command->add_option("--listen", shorthand_.listen, "Where to listen; port 0 takes a free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str()
      ->excludes(file);
  command->add_option("--cluster", clusters_, "An upstream for the plugin's own calls")
      ->type_name("NAME=URL")
      ->excludes(file);
  command->add_option("--admin", admin_, "Where /stats, /ready and /plugins are; off unless given")
      ->type_name("ADDR:PORT");
  command->add_option("--workers", workers_, "Threads; as many as processors unless given")
      ->type_name("N")
      ->check(CLI::Range(1u, kMaxWorkers));
  command->add_option("--drain-time", drain_seconds_, "How long streams may end after SIGTERM")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86'400.0))
      ->check([](const std::string& text) {
        return text.find_first_of("nN") == std::string::npos ? "" : "not a number of seconds";
      })
      ->capture_default_str();
  auto* cache =
      command->add_option("--code-cache", code_cache_, "A folder that keeps compiled code")
          ->type_name("DIR")
          ->capture_default_str();
  command->add_flag("--no-code-cache", no_code_cache_, "Compile plugins at every start")
      ->excludes(cache);
  command
      ->add_option("--fetch-cache", fetch_cache_,
                   "A folder that keeps code fetched from elsewhere; \"\" keeps none")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--fetch-ca-file", fetch_ca_file_,
                   "Whom to trust when code is fetched over https, in PEM; else the system's")
      ->type_name("FILE");
  command->add_option("--log-level", log_level_, "trace, debug, info, warn, error or critical")
      ->type_name("LEVEL")
      ->capture_default_str()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical"}));
  command->add_flag("--no-watch", no_watch_, "Keep plugins as they are when their files change");
}

bool ServeCommand::was_asked_for() const { return command_->parsed(); }

Result<config::ServeSettings> ServeCommand::read_settings() const {
  WEIR_TRY(config::ServeSettings settings,
           file_.empty() ? read_shorthand() : read_bootstrap(file_));
  if (admin_.empty()) return settings;
  auto admin = config::parse_socket_address(admin_);
  if (!admin.ok()) return std::move(admin).error().in("--admin '" + admin_ + "'");
  settings.admin = std::move(admin).value();
  return settings;
}

Result<config::ServeSettings> ServeCommand::read_shorthand() const {
  config::Shorthand shorthand = shorthand_;
  if (shorthand.upstream.empty()) {
    return Error{ErrorCode::BadConfig, "say where requests go, by --upstream URL or -c FILE"};
  }
  for (const std::string& cluster : clusters_) {
    const size_t equals = cluster.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::BadConfig, "--cluster '" + cluster + "' is not NAME=URL"};
    }
    const std::string name = cluster.substr(0, equals);
    if (!shorthand.clusters.emplace(name, cluster.substr(equals + 1)).second) {
      return Error{ErrorCode::BadConfig, "--cluster '" + name + "' is there twice"};
    }
  }
  return config::make_settings(shorthand);
}

Result<serve::ServerOptions> ServeCommand::read_options() const {
  serve::ServerOptions options;
  if (file_.empty()) {
    WEIR_TRY(options.settings, read_settings());
  } else {
    options.config_file = file_;
    options.read_settings = [this] { return read_settings(); };
  }
  options.base_dir = std::filesystem::path(file_).parent_path();
  options.workers = workers_ > 0 ? workers_ : std::max(1u, std::thread::hardware_concurrency());
  options.drain_time = Milliseconds(static_cast<int64_t>(drain_seconds_ * 1000));
  options.watch_files = !no_watch_;
  return options;
}

Done ServeCommand::start_again_if_needed(const config::ServeSettings& settings,
                                         const engine::Engines& engines, Logger& logger,
                                         const StartAgain& start_again) const {
  std::vector<std::string_view> runtimes;
  for (const auto& listener : settings.listeners) {
    for (const auto& plugin : listener.plugins) runtimes.push_back(plugin.vm.runtime);
  }
  const auto need = find_loader_need(engines, runtimes);
  if (!need || !start_again) return Unit{};
  std::error_code ignored;
  if (!file_.empty() && !std::filesystem::is_regular_file(file_, ignored)) {
    return Error{ErrorCode::Unsupported,
                 file_ +
                     ": is no regular file, and has to be read twice, since weir starts again "
                     "for engine '" +
                     need->engine + "': write it to a file"};
  }
  logger.log(LogLevel::Info, to_string(*need));
  return start_again(need->loader);
}

ExitCode ServeCommand::run(const StartAgain& start_again) const {
  auto options = read_options();
  if (!options.ok()) return fail(options.error());

  // Writing to a client that has gone is an error of that connection, not of the process.
  std::signal(SIGPIPE, SIG_IGN);
  serve::SpdlogLogger logger(*serve::parse_log_level(log_level_));
  const SystemClock clock;
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  // The process may be another by this, so it comes before anything is open; later settings find it
  // as it is.
  const auto enter = [&](const config::ServeSettings& settings) {
    return start_again_if_needed(settings, engines, logger, start_again);
  };
  if (auto& read = options.value().read_settings; read == nullptr) {
    if (Done done = enter(options.value().settings); !done.ok()) return fail(done.error());
  } else {
    read = [read = std::move(read), enter,
            is_first = true]() mutable -> Result<config::ServeSettings> {
      WEIR_TRY(config::ServeSettings settings, read());
      if (std::exchange(is_first, false)) WEIR_TRY(enter(settings));
      return settings;
    };
  }
  std::optional<engine::CodeCache> cache;
  if (!no_code_cache_ && !code_cache_.empty()) cache.emplace(code_cache_, kCodeCacheBytes, logger);
  runtime::MetricStore metrics;
  runtime::Host host({.engines = engines,
                      .code_cache = cache ? &*cache : nullptr,
                      .clock = clock,
                      .logger = logger,
                      .metrics = metrics});
  std::optional<FileCache> fetched;
  if (!fetch_cache_.empty()) {
    fetched.emplace(FileCache::Settings{.folder = fetch_cache_,
                                        .suffix = ".wasm",
                                        .name = "fetched code",
                                        .max_bytes = kFetchCacheBytes},
                    logger);
  }
  fetch::CodeFetcher fetcher({.cache = fetched ? &*fetched : nullptr,
                              .logger = logger,
                              .trust = {.ca_file = fetch_ca_file_}});
  options.value().fetcher = &fetcher;
  auto server = serve::Server::start(std::move(options).value(), host, metrics);
  if (!server.ok()) return fail(server.error());
  const Done ended = server.value()->run();
  return ended.ok() ? ExitCode::Success : fail(ended.error());
}

}  // namespace weir::cli
