#include "scenario/text_file.h"

#include "base/whole_file.h"

namespace weir::scenario {
namespace {

// A plugin may be in it, or a body.
constexpr size_t kMaxBytes = 512u << 20;

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& file) {
  auto text = read_whole_file(file, kMaxBytes, Pipes::Read);
  if (text.ok()) return text;
  return std::move(text).error().in(file.string() + ": cannot be read");
}

}  // namespace weir::scenario
