#pragma once
// A file of the user's choice that keeps what a command finds out.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::cli {

// Makes it an empty file: nothing runs for results that cannot be kept. An error, too, where it is
// one of `read`, which the command has read; `option` is for the message.
Done begin_output(std::string_view option, const std::string& path,
                  std::span<const std::filesystem::path> read);

Done write_output(const std::string& path, std::string_view text);

}  // namespace weir::cli
