#pragma once
// The host that a command's plugins run in, and the options about it.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/file_cache.h"
#include "base/result.h"
#include "cli/cache_folder.h"
#include "cli/start_again.h"
#include "config/bootstrap.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/serve/spdlog_logger.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace weir::cli {

// Where code is kept and whose is fetched, and how much is logged.
class HostOptions {
 public:
  // Adds the options to `command`, which writes into this when it is parsed.
  HostOptions(CLI::App& command, std::string default_log_level);

  // What is wrong with files that the options name.
  Done check() const;

  LogLevel log_level() const { return *serve::parse_log_level(log_level_); }
  // A folder; empty: none.
  std::string code_cache() const { return no_code_cache_ ? "" : folder_or_none(code_cache_); }
  // The same for code as it was fetched.
  std::string fetch_cache() const { return folder_or_none(fetch_cache_); }
  // Authorities in PEM; empty: the system's.
  const std::string& fetch_ca_file() const { return fetch_ca_file_; }

 private:
  std::string code_cache_;
  std::string fetch_cache_;
  std::string fetch_ca_file_;
  std::string log_level_;
  bool no_code_cache_ = false;
};

// What the process has one of for its plugins. It logs to standard error.
class ProcessHost {
 public:
  explicit ProcessHost(const HostOptions& options);

  // Where an engine of the settings needs it, this process becomes another, which starts from the
  // beginning: to be called before anything else is done. `file` is where the settings stand, empty
  // for the command line.
  Done start_again_if_needed(const config::ServeSettings& settings, const std::string& file,
                             const StartAgain& start_again);

  runtime::Host& host() { return host_; }
  runtime::MetricStore& metrics() { return metrics_; }
  fetch::CodeFetcher& fetcher() { return fetcher_; }

 private:
  serve::SpdlogLogger logger_;
  SystemClock clock_;
  engine::Engines engines_;
  std::unique_ptr<const engine::CodeCache> cache_;  // null: none
  std::unique_ptr<const FileCache> fetched_;        // null: none
  runtime::MetricStore metrics_;
  runtime::Host host_;
  fetch::CodeFetcher fetcher_;
};

}  // namespace weir::cli
