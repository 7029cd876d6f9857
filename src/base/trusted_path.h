#pragma once
// Whether another user of the machine could have written what lies at a path.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace weir {

// Whose files are trusted, besides those of the process's effective user and of root.
struct Trust {
  std::optional<uid_t> owner = {};  // as trusted as those two
  bool groups = false;              // whether a group may write, too
};

// Who else could change, or replace, what lies at `path`, with a remedy: "/srv/cache may be written
// by everyone: run `chmod go-w /srv/cache`". Empty where nobody could. Each folder on the way
// counts, and each symbolic link; a folder with the sticky bit, such as /tmp, does on the way only.
// What is not there yet counts as its folder does.
std::string find_stranger(const std::filesystem::path& path, const Trust& trust = {});

// The same of an open file or folder alone; `path` is for the message.
std::string find_stranger(int descriptor, const std::filesystem::path& path,
                          const Trust& trust = {});

}  // namespace weir
