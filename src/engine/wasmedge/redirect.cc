#include "engine/wasmedge/redirect.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace weir::engine::wasmedge {
namespace {

// The parts of a library's dynamic section that say where the addresses of others' functions are.
struct Relocations {
  const char* names = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  std::span<const ElfW(Rela)> data;
  std::span<const ElfW(Rela)> calls;
};

Relocations relocations_of(const link_map& library) {
  Relocations found;
  const ElfW(Rela)* data = nullptr;
  const ElfW(Rela)* calls = nullptr;
  size_t data_bytes = 0;
  size_t call_bytes = 0;
  for (const ElfW(Dyn)* entry = library.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const auto address = entry->d_un.d_ptr;
    switch (entry->d_tag) {
      case DT_STRTAB:
        found.names = reinterpret_cast<const char*>(address);
        break;
      case DT_SYMTAB:
        found.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
        break;
      case DT_RELA:
        data = reinterpret_cast<const ElfW(Rela)*>(address);
        break;
      case DT_RELASZ:
        data_bytes = entry->d_un.d_val;
        break;
      case DT_JMPREL:
        calls = reinterpret_cast<const ElfW(Rela)*>(address);
        break;
      case DT_PLTRELSZ:
        call_bytes = entry->d_un.d_val;
        break;
      default:
        break;
    }
  }
  found.data = {data, data_bytes / sizeof(ElfW(Rela))};
  found.calls = {calls, call_bytes / sizeof(ElfW(Rela))};
  return found;
}

// Whether the loader has made that address read-only once it was done with it.
bool is_read_only(const link_map& library, uintptr_t address) {
  // A library's first page begins with its header.
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(library.l_addr);
  const std::span segments(reinterpret_cast<const ElfW(Phdr)*>(library.l_addr + header->e_phoff),
                           header->e_phnum);
  for (const ElfW(Phdr) & segment : segments) {
    const uintptr_t begin = library.l_addr + segment.p_vaddr;
    if (segment.p_type == PT_GNU_RELRO && begin <= address && address < begin + segment.p_memsz) {
      return true;
    }
  }
  return false;
}

bool write_slot(const link_map& library, uintptr_t address, void* value) {
  const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
  if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return false;
  *reinterpret_cast<void**>(address) = value;
  return !is_read_only(library, address) || mprotect(page, page_bytes, PROT_READ) == 0;
}

}  // namespace

size_t redirect_calls(void* inside, const char* name, void* replacement) {
  Dl_info info{};
  link_map* library = nullptr;
  if (dladdr1(inside, &info, reinterpret_cast<void**>(&library), RTLD_DL_LINKMAP) == 0) return 0;
  const Relocations relocations = relocations_of(*library);
  size_t changed = 0;
  for (const auto table : {relocations.data, relocations.calls}) {
    for (const ElfW(Rela) & relocation : table) {
      const auto type = ELF64_R_TYPE(relocation.r_info);
      if (type != R_X86_64_GLOB_DAT && type != R_X86_64_JUMP_SLOT) continue;
      const auto& symbol = relocations.symbols[ELF64_R_SYM(relocation.r_info)];
      if (std::string_view(relocations.names + symbol.st_name) != name) continue;
      if (write_slot(*library, library->l_addr + relocation.r_offset, replacement)) ++changed;
    }
  }
  return changed;
}

}  // namespace weir::engine::wasmedge
