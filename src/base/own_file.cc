#include "base/own_file.h"

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace weir {
namespace {

// Takes a hexadecimal number and the one character after it off the front of `line`.
uint64_t take_number(std::string_view& line) {
  uint64_t value = 0;
  const char* end = std::from_chars(line.data(), line.data() + line.size(), value, 16).ptr;
  line.remove_prefix(std::min(static_cast<size_t>(end - line.data()) + 1, line.size()));
  return value;
}

// Of "7f00-7f80 r-xp 00000000 08:01 1234      /usr/bin/weir", the path, which may hold blanks.
std::string_view path_of(std::string_view line) {
  constexpr std::string_view kReplaced = " (deleted)";  // the file, since the process started
  const size_t begin = line.find('/');
  if (begin == line.npos) return {};
  line.remove_prefix(begin);
  if (line.ends_with(kReplaced)) line.remove_suffix(kReplaced.size());
  return line;
}

}  // namespace

std::filesystem::path own_file() {
  const auto here = reinterpret_cast<uint64_t>(&own_file);
  std::ifstream maps("/proc/self/maps");
  std::string text;
  while (std::getline(maps, text)) {
    std::string_view line = text;
    const uint64_t begin = take_number(line);
    const uint64_t end = take_number(line);
    if (begin <= here && here < end) return path_of(line);
  }
  return {};
}

}  // namespace weir
