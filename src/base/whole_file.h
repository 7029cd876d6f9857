#pragma once
// Files that are read as a whole, whatever lies at their paths.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace weir {

// What becomes of a pipe, such as one that a shell makes of a command's output.
enum class Pipes : uint8_t {
  Refused,
  // An error where it is silent for ten seconds, or nothing came and nobody has its other end. The
  // path "-" is standard input.
  Read,
};

// Its bytes. No more than `max_bytes` are ever read; a larger file is LimitExceeded. The error's
// message goes behind the path and a colon: "No such file or directory", which is NotFound, "it is
// a folder", "it is larger than 16 MiB".
Result<std::string> read_whole_file(const std::filesystem::path& path, size_t max_bytes,
                                    Pipes pipes = Pipes::Refused);

}  // namespace weir
