#include "engine/shared_object.h"

#include <link.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "base/trusted_path.h"

namespace weir::engine {
namespace {

constexpr unsigned char kOwnClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

template <typename T>
bool read(std::ifstream& in, T& to) {
  return static_cast<bool>(in.read(reinterpret_cast<char*>(&to), sizeof(to)));
}

bool is_regular(const std::filesystem::path& file) {
  std::error_code failed;
  return std::filesystem::is_regular_file(file, failed);
}

}  // namespace

Done check_loadable(const std::filesystem::path& file, const std::filesystem::path& folder) {
  Trust trust{.groups = true};
  struct stat status {};
  if (stat(folder.c_str(), &status) == 0) trust.owner = status.st_uid;
  if (const std::string stranger = find_stranger(file, trust); !stranger.empty()) {
    return Error{ErrorCode::Unsupported,
                 "is not loaded, since somebody else could have written it: " + stranger};
  }
  if (is_special(file)) return Error{ErrorCode::Io, "is no regular file"};
  if (is_cut_short(file)) return Error{ErrorCode::Io, "is cut short"};
  return Unit{};
}

bool is_special(const std::filesystem::path& file) {
  std::error_code failed;
  return std::filesystem::exists(file, failed) && !is_regular(file);
}

bool is_cut_short(const std::filesystem::path& file) {
  if (!is_regular(file)) return false;
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

std::vector<std::string> needed_libraries(const std::filesystem::path& file) {
  if (!is_regular(file)) return {};
  std::ifstream in(file, std::ios::binary);
  ElfW(Ehdr) header{};
  if (!read(in, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != kOwnClass) {
    return {};
  }
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (auto& segment : segments) {
    if (!read(in, segment)) return {};
  }

  std::vector<uint64_t> names;  // where each begins in the table of strings
  uint64_t strings = 0;         // its address
  for (const auto& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    in.seekg(static_cast<std::streamoff>(segment.p_offset));
    ElfW(Dyn) entry{};
    while (read(in, entry) && entry.d_tag != DT_NULL) {
      if (entry.d_tag == DT_NEEDED) names.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;
    }
  }
  std::vector<std::string> needed;
  for (const auto& segment : segments) {
    const bool holds = segment.p_type == PT_LOAD && strings >= segment.p_vaddr &&
                       strings - segment.p_vaddr < segment.p_filesz;
    if (!holds) continue;
    for (const uint64_t name : names) {
      in.clear();
      in.seekg(static_cast<std::streamoff>(segment.p_offset + (strings - segment.p_vaddr) + name));
      std::getline(in, needed.emplace_back(), '\0');
    }
  }
  return needed;
}

}  // namespace weir::engine
