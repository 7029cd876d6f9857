#include "engine/own_c_library.h"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/own_file.h"
#include "engine/shared_object.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;

// The kernel runs what it was told to: the loader, where one was named.
constexpr const char* kStarted = "/proc/self/exe";

constexpr const char* kLoader = "ld.so";

// Loaders go by names such as ld-linux-x86-64.so.2 and ld64.so.2.
bool is_loaders(std::string_view library) { return library.starts_with("ld"); }

bool is_started_by_a_loader() {
  std::error_code failed;
  return !fs::equivalent(own_file(), kStarted, failed) && !failed;
}

}  // namespace

Done check_own_c_library(const fs::path& libraries) {
  const fs::path loader = libraries / kLoader;
  std::error_code failed;
  if (!fs::exists(loader, failed)) return Unit{};
  const auto refuse = [&](const fs::path& file, const std::string& why) {
    return Error{ErrorCode::Io, file.string() + ", which " + why +
                                    "; install the adapter anew, with all that lies in " +
                                    libraries.filename().string() +
                                    "/ beside it, ld.so and libraries"};
  };
  const auto check = [&](const fs::path& file) -> Done {
    const auto checked = check_object(file);
    if (checked.ok()) return Unit{};
    return refuse(file, checked.error().message);
  };
  WEIR_TRY(check(loader));
  if (!is_loaders(library_name(loader))) return refuse(loader, "is no dynamic loader");
  if (access(loader.c_str(), X_OK) != 0) {
    return Error{ErrorCode::Io, loader.string() + ", which may not be executed: run `chmod a+x " +
                                    loader.string() +
                                    "`, or have it on a file system that is not mounted noexec"};
  }
  for (const char* part : kCLibraryParts) WEIR_TRY(check(libraries / part));
  for (const auto& entry : fs::directory_iterator(libraries, failed)) {
    for (const std::string& library : needed_libraries(entry.path())) {
      if (!is_loaders(library)) WEIR_TRY(check(libraries / library));
    }
  }
  return Unit{};
}

fs::path needed_loader(const fs::path& libraries) {
  fs::path loader = libraries / kLoader;
  std::error_code failed;
  if (!fs::exists(loader, failed)) return {};
  if (fs::equivalent(loader, kStarted, failed)) return {};
  if (!check_own_c_library(libraries).ok()) return {};
  return loader;
}

std::string how_to_start_by(const fs::path& loader) {
  return "'" + loader.string() + " --library-path " + loader.parent_path().string() + " PROGRAM'";
}

std::vector<std::string> command_by(const fs::path& loader, const fs::path& program,
                                    std::span<const char* const> arguments,
                                    std::string_view library_path) {
  std::string folders = loader.parent_path().string();
  if (!library_path.empty()) folders.append(":").append(library_path);
  std::vector<std::string> words{loader.string(), "--library-path", folders};
  if (!arguments.empty()) {
    words.insert(words.end(), {"--argv0", arguments.front()});
    arguments = arguments.subspan(1);
  }
  words.push_back(program.string());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Error start_again_by(const fs::path& loader, std::span<const char* const> arguments) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::Unsupported, "cannot start again by " + loader.string() + ": " + why};
  };
  if (WEIR_SANITIZED) {
    return refuse("this build has sanitizers, which work on the system's C library only");
  }
  if (is_started_by_a_loader()) {
    std::error_code failed;
    return refuse("a loader, " + fs::read_symlink(kStarted, failed).string() +
                  ", has started this process already; start it by " + how_to_start_by(loader));
  }
  // Rights that the program's file has are not the loader's.
  if (getauxval(AT_SECURE) != 0) {
    return refuse("the program's file gives it rights that it would lose");
  }

  // The loader would map what is cut short, and the new program end when that is touched.
  std::error_code failed;
  const fs::path folder = loader.parent_path();
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.is_directory(failed)) continue;
    const auto checked = check_loadable(entry.path(), folder.parent_path());
    if (checked.ok()) continue;
    const Error& error = checked.error();
    return refuse(
        entry.path().string() + " " + error.message +
        (error.code == ErrorCode::Io ? "; install the engine anew, with all that lies there" : ""));
  }

  const char* library_path = std::getenv("LD_LIBRARY_PATH");
  const std::vector<std::string> words =
      command_by(loader, own_file(), arguments, library_path == nullptr ? "" : library_path);
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  execv(loader.c_str(), pointers.data());
  return refuse(std::generic_category().message(errno));
}

void take_program_name() {
  if (is_started_by_a_loader()) prctl(PR_SET_NAME, own_file().filename().c_str(), 0, 0, 0);
}

}  // namespace weir::engine
