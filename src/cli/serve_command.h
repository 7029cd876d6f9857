#pragma once
// `weir serve`: the proxy with plugins.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_line.h"
#include "config/bootstrap.h"
#include "planes/serve/server.h"

namespace weir::cli {

class ServeCommand {
 public:
  explicit ServeCommand(CLI::App& app);

  bool was_asked_for() const;
  ExitCode run(const StartAgain&) const;

 private:
  Result<config::ServeSettings> read_settings() const;
  Result<config::ServeSettings> read_shorthand() const;
  Result<serve::ServerOptions> read_options() const;
  // Where an engine needs it; before anything else is done.
  Done start_again_if_needed(const config::ServeSettings&, const engine::Engines&, Logger&,
                             const StartAgain&) const;

  const CLI::App* command_;
  config::Shorthand shorthand_;
  std::vector<std::string> clusters_;  // NAME=URL
  std::string file_;
  std::string admin_;
  std::string code_cache_;
  std::string fetch_cache_;
  std::string fetch_ca_file_;
  std::string log_level_ = "info";
  uint32_t workers_ = 0;  // 0: as many as processors
  double drain_seconds_ = 10;
  bool no_code_cache_ = false;
  bool no_watch_ = false;
};

}  // namespace weir::cli
