#pragma once
// The files of a new plugin, ready to build.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::cli {

// The languages that there are templates for.
std::vector<std::string> template_languages();

struct NewPlugin {
  std::string language;
  std::string name;               // becomes the folder's, the file's and the header's
  std::filesystem::path folder;   // to be made; may exist if it is empty
  std::filesystem::path cpp_sdk;  // named in the Makefile of a plugin in C++
};

// Writes the files, and tells their paths in the folder. The error says what is wrong with the
// name or the folder; then nothing is left behind that was not there before, unless writing itself
// fails.
Result<std::vector<std::string>> write_new_plugin(const NewPlugin& plugin);

// The C++ SDK that belongs to this very program: in its prefix, or in the repository that it was
// built in. Empty where there is none.
std::filesystem::path find_cpp_sdk();

}  // namespace weir::cli
