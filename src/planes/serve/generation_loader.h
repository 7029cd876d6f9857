#pragma once
// From settings to a generation: code is gathered, plugins are compiled and tried out.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "planes/common/code_gathering.h"
#include "planes/serve/file_watch.h"
#include "planes/serve/generation.h"

namespace weir::serve {

// A generation in the making: code that has to be fetched may still be on its way.
struct Draft {
  Generation generation;  // without plugins
  bool anew = false;      // every plugin is loaded, even one that is there
  planes::CodeGathering codes;
  std::vector<std::optional<size_t>> fetched;  // by place: where in `codes`; empty: not there
};

// What to do where code did not come.
enum class OnMissing : uint8_t {
  Reject,     // the generation is none
  DoWithout,  // the failure policy decides for streams, until it comes
};

// Thread: the updater's.
class GenerationLoader {
 public:
  // All outlive it.
  GenerationLoader(runtime::Host& host, const planes::CodeSupply& supply, LogFiles& log_files)
      : host_(host), supply_(supply), log_files_(log_files) {}

  // Finds out what has to be fetched. `before` is what runs; null: nothing.
  Result<Draft> begin(config::ServeSettings settings, const Generation* before, bool anew);
  // Reads and loads what is not the same in `before`. The draft's codes are complete. A stop makes
  // it fail soon, as it does replace().
  Result<Generation> finish(Draft draft, const Generation* before, OnMissing on_missing,
                            const std::stop_token& stop = {});
  // `of`, with the plugins at those places, one at least, made of that code, or of what the first
  // one's settings lead to, which is read once.
  Result<Generation> replace(const Generation& of, std::span<const size_t> places,
                             std::optional<std::string> code, const std::stop_token& stop);

  // The states of files before they were last read.
  std::map<std::filesystem::path, FileState>& read_files() { return read_files_; }

 private:
  Done load(PlacedPlugin& place, std::string code, const PlacedPlugin* same,
            const std::stop_token& stop) const;
  Result<std::string> read(const config::PluginSettings& settings);

  runtime::Host& host_;
  const planes::CodeSupply& supply_;
  LogFiles& log_files_;
  std::map<std::filesystem::path, FileState> read_files_;
};

}  // namespace weir::serve
