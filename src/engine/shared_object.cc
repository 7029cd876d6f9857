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

// The header of an object whose structures are as this process's; false for all else.
bool read_header(std::ifstream& in, ElfW(Ehdr) & header) {
  return read(in, header) && std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == kOwnClass;
}

// What an object says of itself to the dynamic loader, as far as it is a name: all with that tag.
std::vector<std::string> read_names(const std::filesystem::path& file, ElfW(Sxword) tag) {
  if (!is_regular(file)) return {};
  std::ifstream in(file, std::ios::binary);
  ElfW(Ehdr) header{};
  if (!read_header(in, header)) return {};
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (auto& segment : segments) {
    if (!read(in, segment)) return {};
  }

  std::vector<uint64_t> places;  // where each begins in the table of strings
  uint64_t strings = 0;          // its address
  for (const auto& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    in.seekg(static_cast<std::streamoff>(segment.p_offset));
    ElfW(Dyn) entry{};
    while (read(in, entry) && entry.d_tag != DT_NULL) {
      if (entry.d_tag == tag) places.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_STRTAB) strings = entry.d_un.d_ptr;
    }
  }
  std::vector<std::string> names;
  for (const auto& segment : segments) {
    const bool holds = segment.p_type == PT_LOAD && strings >= segment.p_vaddr &&
                       strings - segment.p_vaddr < segment.p_filesz;
    if (!holds) continue;
    for (const uint64_t place : places) {
      in.clear();
      in.seekg(static_cast<std::streamoff>(segment.p_offset + (strings - segment.p_vaddr) + place));
      std::getline(in, names.emplace_back(), '\0');
    }
  }
  return names;
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
  if (failed || !read_header(in, header)) return false;
  in.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    if (!read(in, segment)) return true;
    const bool is_there = segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset;
    if (segment.p_type == PT_LOAD && !is_there) return true;
  }
  return false;
}

Done check_object(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return Error{ErrorCode::NotFound, "is not there"};
  if (!is_regular(file)) return Error{ErrorCode::Io, "is no regular file"};
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorCode::Io, "cannot be read"};
  std::ifstream own("/proc/self/exe", std::ios::binary);
  ElfW(Ehdr) header{};
  ElfW(Ehdr) own_header{};
  const bool fits = read_header(in, header) &&
                    (header.e_type == ET_DYN || header.e_type == ET_EXEC) &&
                    (!read_header(own, own_header) || header.e_machine == own_header.e_machine);
  if (!fits) return Error{ErrorCode::Io, "is no program or library for this machine"};
  return Unit{};
}

std::string library_name(const std::filesystem::path& file) {
  const auto names = read_names(file, DT_SONAME);
  return names.empty() ? std::string() : names.front();
}

std::vector<std::string> needed_libraries(const std::filesystem::path& file) {
  return read_names(file, DT_NEEDED);
}

}  // namespace weir::engine
