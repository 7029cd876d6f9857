#include "scenario/golden_files.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/printable.h"
#include "config/source_map.h"

namespace weir::scenario {
namespace {

namespace fs = std::filesystem;

// Why it cannot be used; empty: it can.
std::string fault_of(const fs::path& file, GoldenMode mode) {
  if (file.native().find('\0') != std::string::npos) return "no file has a NUL in its name";
  if (!file.has_filename()) return "it is a folder";
  std::error_code code;
  const fs::file_status status = fs::status(file, code);
  if (fs::is_directory(status)) return "it is a folder";
  const int access = mode == GoldenMode::Update ? W_OK | R_OK : R_OK;
  if (fs::exists(status)) {
    if (!fs::is_regular_file(status)) return "it is no file";
    return ::access(file.c_str(), access) == 0
               ? ""
               : std::error_code(errno, std::generic_category()).message();
  }
  if (status.type() != fs::file_type::not_found) return code.message();
  // Where it is to be written, with the folders on its way.
  fs::path folder = file.parent_path();
  while (!folder.empty() && !fs::exists(folder, code)) folder = folder.parent_path();
  if (folder.empty()) folder = ".";
  if (!fs::is_directory(folder, code)) return printable(folder.string()) + " is no folder";
  if (mode == GoldenMode::Compare || ::access(folder.c_str(), W_OK | X_OK) == 0) return "";
  return printable(folder.string()) + ": " +
         std::error_code(errno, std::generic_category()).message();
}

// The scenario before it that has the same golden file; null: there is none. A file that is named
// twice has its scenarios twice.
const Scenario* find_other(const Suite& own, const Scenario& scenario,
                           std::span<const Suite> suites) {
  for (const Suite& suite : suites) {
    for (const Scenario& other : suite.scenarios) {
      if (&other == &scenario) return nullptr;
      if (suite.file == own.file && other.name == scenario.name) continue;
      if (!other.golden.empty() && is_same_file(scenario.golden, other.golden)) return &other;
    }
  }
  return nullptr;
}

Done check_golden_file(const Suite& own, const Scenario& scenario, std::span<const Suite> suites,
                       GoldenMode mode) {
  const auto error = [&](const std::string& why) {
    return Error{ErrorCode::BadConfig,
                 scenario.golden_where + ": " + printable(scenario.golden.string()) + ": " + why};
  };
  if (const std::string fault = fault_of(scenario.golden, mode); !fault.empty()) {
    return error((mode == GoldenMode::Update ? "cannot be written: " : "cannot be read: ") + fault);
  }
  for (const Suite& suite : suites) {
    for (const fs::path& source : suite.sources) {
      if (!is_same_file(scenario.golden, source)) continue;
      return error("is read to run the scenarios, and --update would overwrite it; name another");
    }
  }
  if (const Scenario* other = find_other(own, scenario, suites)) {
    return error("is the golden file of scenario " + config::quote(other->name) +
                 " too; each has its own");
  }
  return Unit{};
}

}  // namespace

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code code;
  if (fs::equivalent(one, other, code) && !code) return true;
  std::error_code of_one;
  std::error_code of_other;
  const fs::path full_one = fs::weakly_canonical(fs::absolute(one, of_one), of_one);
  const fs::path full_other = fs::weakly_canonical(fs::absolute(other, of_other), of_other);
  return !of_one && !of_other && full_one == full_other;
}

Done check_golden_files(std::span<const Suite> suites, GoldenMode mode) {
  for (const Suite& suite : suites) {
    for (const Scenario& scenario : suite.scenarios) {
      if (!scenario.golden.empty()) WEIR_TRY(check_golden_file(suite, scenario, suites, mode));
    }
  }
  return Unit{};
}

}  // namespace weir::scenario
