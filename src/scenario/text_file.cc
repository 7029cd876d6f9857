#include "scenario/text_file.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace weir::scenario {

Result<std::string> read_text_file(const std::filesystem::path& file) {
  const auto unreadable = [&](const std::string& why) {
    return Error{ErrorCode::NotFound, file.string() + ": cannot be read: " + why};
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return unreadable("it is a folder");
  if (std::filesystem::is_character_file(file, ignored)) return unreadable("it is a device");
  std::ifstream in(file, std::ios::binary);
  if (!in) return unreadable(std::generic_category().message(errno));
  // A stream catches what its buffer throws; to copy nothing is a failure.
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || !text) return unreadable("it breaks off");
  return text.str();
}

}  // namespace weir::scenario
