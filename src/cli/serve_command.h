#pragma once
// `weir serve`: the proxy with plugins.

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "cli/command_line.h"
#include "cli/process_host.h"
#include "cli/settings_options.h"
#include "planes/serve/server.h"

namespace weir::cli {

class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app);

  bool was_asked_for() const;
  // `arguments` are those of the process, its name first.
  ExitCode run(const StartAgain&, std::span<const char* const> arguments) const;

 private:
  explicit ServeCommand(CLI::App* command);

  Result<config::ServeSettings> read_settings() const;
  Result<serve::ServerOptions> read_options() const;

  const CLI::App* command_;
  SettingsOptions settings_;
  HostOptions host_;
  std::string admin_;
  uint32_t workers_ = 0;  // 0: as many as processors
  double drain_seconds_ = 10;
  bool no_watch_ = false;
  std::string pid_file_;
};

}  // namespace weir::cli
