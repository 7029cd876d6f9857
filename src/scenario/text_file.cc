#include "scenario/text_file.h"

#include <fstream>
#include <iterator>
#include <system_error>

namespace weir::scenario {

Result<std::string> read_text_file(const std::filesystem::path& file) {
  std::error_code ignored;
  const bool endless = std::filesystem::is_directory(file, ignored) ||
                       std::filesystem::is_character_file(file, ignored);
  std::ifstream in;
  std::string text;
  if (!endless) {
    in.open(file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (endless || !in) return Error{ErrorCode::NotFound, file.string() + ": cannot be read"};
  return text;
}

}  // namespace weir::scenario
