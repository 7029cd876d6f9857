#include "planes/ats/arguments.h"

namespace weir::ats_plane {

Result<std::vector<std::string>> read_arguments(int count, const char* const* arguments) {
  std::vector<std::string> files(arguments, arguments + count);
  if (files.empty()) {
    return Error{ErrorCode::BadConfig,
                 "no file is named: write `weir-ats.so plugin.yaml` in plugin.config, or "
                 "`@plugin=weir-ats.so @pparam=plugin.yaml` in remap.config"};
  }
  for (const std::string& file : files) {
    if (file.starts_with('-')) {
      return Error{ErrorCode::BadConfig,
                   "'" + file + "' is no option: arguments are files that name a plugin each"};
    }
  }
  return files;
}

}  // namespace weir::ats_plane
