#pragma once
// Engines that come with a C library of their own, newer than the system's. Such a one lies, with
// its dynamic loader, in a folder beside the adapter; a process gets it by being started by that
// loader, and in no other way.

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::engine {

// The parts of a C library that a process may load at any time, each of which has to be of the
// loader's version: where one is missing, the loader takes the system's.
inline constexpr std::array kCLibraryParts = {
    "libc.so.6",         "libm.so.6",       "libdl.so.2",        "libpthread.so.0",
    "librt.so.1",        "libresolv.so.2",  "libutil.so.1",      "libanl.so.1",
    "libnsl.so.1",       "libnss_dns.so.2", "libnss_files.so.2", "libnss_compat.so.2",
    "libnss_hesiod.so.2"};

// `libraries` is a folder as engines have beside their adapters. Where a loader lies in it: whether
// a process can be started by that one, since it is a loader that may be executed, and all of its C
// library is there, with what the other libraries in the folder need. The error goes on after
// "needs ", and names the file and a remedy.
Done check_own_c_library(const std::filesystem::path& libraries);

// The loader in such a folder; empty where it has none, where that one has started this process
// already, or where no process can be started by it.
std::filesystem::path needed_loader(const std::filesystem::path& libraries);

// "'LOADER --library-path FOLDER PROGRAM'": how a process is to be started by it.
std::string how_to_start_by(const std::filesystem::path& loader);

// The running program with these arguments, its name first, started by `loader`: the words of that
// command. `library_path` is what LD_LIBRARY_PATH says, which the loader would forget.
std::vector<std::string> command_by(const std::filesystem::path& loader,
                                    const std::filesystem::path& program,
                                    std::span<const char* const> arguments,
                                    std::string_view library_path);

// Makes this process the running program anew, started by `loader`: the same process to others,
// with the same arguments (its name first), environment, files and ignored signals. Returns only
// where that cannot be. A process that a loader has started already never starts again.
// To be called while there is one thread.
Error start_again_by(const std::filesystem::path& loader, std::span<const char* const> arguments);

// A process that a loader has started goes by the loader's name in lists of processes: gives it the
// program's.
void take_program_name();

}  // namespace weir::engine
