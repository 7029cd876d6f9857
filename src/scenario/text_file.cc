#include "scenario/text_file.h"

#include <cerrno>
#include <fstream>
#include <iterator>
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
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) return unreadable("it breaks off");
  return text;
}

}  // namespace weir::scenario
