#include "scenario/golden.h"

#include <fstream>
#include <sstream>

#include "scenario/text_file.h"

namespace weir::scenario {
namespace {

std::string first_difference(const std::string& expected, const std::string& got) {
  std::istringstream before(expected);
  std::istringstream now(got);
  std::string old_line;
  std::string new_line;
  for (size_t number = 1;; ++number) {
    const bool had = static_cast<bool>(std::getline(before, old_line));
    const bool has = static_cast<bool>(std::getline(now, new_line));
    if (!had && !has) return ": the last line ends otherwise";
    if (had && has && old_line == new_line) continue;
    return ":" + std::to_string(number) + ": expected '" + (had ? old_line : "the end") +
           "', got '" + (has ? new_line : "the end") + "'";
  }
}

}  // namespace

Done write_golden(const std::filesystem::path& file, const std::string& text) {
  std::error_code failed;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), failed);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Error{ErrorCode::Io, file.string() + ": cannot be written"};
  return Unit{};
}

Result<std::string> check_golden(const std::filesystem::path& file, const std::string& transcript,
                                 GoldenMode mode) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(file, ignored);
  std::string expected;
  if (there) {
    WEIR_TRY(expected, read_text_file(file));
  }
  if (there && expected == transcript) return std::string();
  if (mode == GoldenMode::Update) {
    WEIR_TRY(write_golden(file, transcript));
    return std::string();
  }
  if (!there) return file.string() + ": is not there; weir test --update writes it";
  return file.string() + first_difference(expected, transcript) +
         "; weir test --update takes it as it is now";
}

}  // namespace weir::scenario
