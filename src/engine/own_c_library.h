#pragma once
// Engines that come with a C library of their own, newer than the system's. Such a one lies, with
// its dynamic loader, in a folder beside the adapter; a process gets it by being started by that
// loader, and in no other way.

#include <filesystem>
#include <string>

namespace weir::engine {

// `libraries` is a folder as engines have beside their adapters. The loader in it; empty where it
// has none, or where that one has started this process already.
std::filesystem::path needed_loader(const std::filesystem::path& libraries);

// "'LOADER --library-path FOLDER PROGRAM'": how a process is to be started by it.
std::string how_to_start_by(const std::filesystem::path& loader);

}  // namespace weir::engine
