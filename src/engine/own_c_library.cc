#include "engine/own_c_library.h"

#include <system_error>

namespace weir::engine {

namespace fs = std::filesystem;

fs::path needed_loader(const fs::path& libraries) {
  fs::path loader = libraries / "ld.so";
  std::error_code failed;
  if (!fs::exists(loader, failed)) return {};
  // The kernel runs what it was told to: the loader, where one was named.
  if (fs::equivalent(loader, "/proc/self/exe", failed)) return {};
  return loader;
}

std::string how_to_start_by(const fs::path& loader) {
  return "'" + loader.string() + " --library-path " + loader.parent_path().string() + " PROGRAM'";
}

}  // namespace weir::engine
