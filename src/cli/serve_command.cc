#include "cli/serve_command.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include "base/printable.h"
#include "cli/own_program.h"
#include "config/address_clash.h"
#include "config/socket_address.h"

namespace weir::cli {
namespace {

constexpr uint32_t kMaxWorkers = 512;

ExitCode fail(const Error& error) {
  std::cerr << "weir serve: " << printable(error.message) << "\n";
  return ExitCode::Failure;
}

}  // namespace

ServeCommand::ServeCommand(CLI::App& app)
    : ServeCommand(app.add_subcommand("serve", "Serves HTTP as a proxy that runs plugins.")) {}

ServeCommand::ServeCommand(CLI::App* command)
    : command_(command),
      settings_(*command, SettingsOptions::Argument::Plugin),
      host_(*command, "info") {
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
  command->add_flag("--no-watch", no_watch_, "Keep plugins as they are when their files change");
  command
      ->add_option("--pid-file", pid_file_,
                   "A file that holds the number of the process while it serves")
      ->type_name("FILE");
}

bool ServeCommand::was_asked_for() const { return command_->parsed(); }

Result<config::ServeSettings> ServeCommand::read_settings() const {
  WEIR_TRY(config::ServeSettings settings, settings_.read());
  if (admin_.empty()) return settings;
  auto admin = config::parse_socket_address(admin_);
  if (!admin.ok()) return std::move(admin).error().in("--admin '" + admin_ + "'");
  settings.admin = std::move(admin).value();
  settings.admin_where = {"--admin"};
  WEIR_TRY(config::check_addresses(settings));
  return settings;
}

Result<serve::ServerOptions> ServeCommand::read_options() const {
  serve::ServerOptions options;
  if (settings_.file().empty()) {
    WEIR_TRY(options.settings, read_settings());
  } else {
    options.config_file = settings_.file();
    options.version = "weir " WEIR_VERSION;
    options.read_settings = [this] { return read_settings(); };
  }
  options.base_dir = settings_.base_dir();
  options.workers = workers_ > 0 ? workers_ : std::max(1u, std::thread::hardware_concurrency());
  options.drain_time = Milliseconds(static_cast<int64_t>(drain_seconds_ * 1000));
  options.watch_files = !no_watch_;
  options.variable = [](const char* name) { return std::getenv(name); };
  options.pid_file = pid_file_;
  return options;
}

ExitCode ServeCommand::run(const StartAgain& start_again,
                           std::span<const char* const> arguments) const {
  if (const Done checked = host_.check(); !checked.ok()) return fail(checked.error());
  auto options = read_options();
  if (!options.ok()) return fail(options.error());
  options.value().program = own_program(arguments);

  // Writing to a client that has gone is an error of that connection, not of the process.
  std::signal(SIGPIPE, SIG_IGN);
  ProcessHost process(host_);
  // The process may be another by this, so it comes before anything is open; later settings find it
  // as it is.
  const auto enter = [&](const config::ServeSettings& settings) {
    return process.start_again_if_needed(settings, settings_.file(), start_again);
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
  options.value().fetcher = &process.fetcher();
  auto server = serve::Server::start(std::move(options).value(), process.host(), process.metrics());
  if (!server.ok()) return fail(server.error());
  const Done ended = server.value()->run();
  return ended.ok() ? ExitCode::Success : fail(ended.error());
}

}  // namespace weir::cli
