#include "engine/shared_object.h"

#include <link.h>

#include <cstring>
#include <fstream>
#include <system_error>

namespace weir::engine {
namespace {

constexpr unsigned char kOwnClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

template <typename T>
bool read(std::ifstream& in, T& to) {
  return static_cast<bool>(in.read(reinterpret_cast<char*>(&to), sizeof(to)));
}

}  // namespace

bool is_cut_short(const std::filesystem::path& file) {
  std::error_code failed;
  const uintmax_t size = std::filesystem::file_size(file, failed);
  std::ifstream in(file, std::ios::binary);
  ElfW(Ehdr) header{};
  if (failed || !read(in, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != kOwnClass) {
    return false;
  }
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    if (!read(in, segment)) return true;
    const bool is_there = segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset;
    if (segment.p_type == PT_LOAD && !is_there) return true;
  }
  return false;
}

}  // namespace weir::engine
