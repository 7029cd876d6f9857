#include "base/trusted_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <system_error>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as Linux has it

bool is_trusted(uid_t owner, const Trust& trust) {
  return owner == geteuid() || owner == 0 || owner == trust.owner;
}

enum class Place : uint8_t { OnTheWay, Last };

std::string stranger_of(const struct stat& status, const fs::path& path, Place place,
                        const Trust& trust) {
  if (!is_trusted(status.st_uid, trust)) {
    return path.string() + " belongs to user " + std::to_string(status.st_uid) +
           ", this process to user " + std::to_string(geteuid()) +
           ": name a place of this user's own, or change its owner";
  }
  if (S_ISLNK(status.st_mode)) return {};  // whose mode says nothing
  const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if (sticky && place == Place::OnTheWay) return {};
  const auto told = [&](const std::string& whom, const std::string& mode) {
    return path.string() + " may be written by " + whom + ": run `chmod " + mode + " " +
           path.string() + "`";
  };
  if ((status.st_mode & S_IWOTH) != 0) return told("everyone", "go-w");
  if ((status.st_mode & S_IWGRP) != 0 && !trust.groups) {
    return told("its group, " + std::to_string(status.st_gid), "g-w");
  }
  return {};
}

// Follows a path step by step, as the system does.
class Walk {
 public:
  explicit Walk(const fs::path& path) { push(path); }

  std::string find_stranger(const Trust& trust) {
    // The root of the file system is root's.
    while (!rest_.empty()) {
      const fs::path part = rest_.front();
      rest_.pop_front();
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        at_ = at_.parent_path();
        continue;
      }
      if (std::string told = step(at_ / part, trust); !told.empty()) return told;
    }
    return {};
  }

 private:
  std::string step(const fs::path& next, const Trust& trust) {
    struct stat status {};
    if (lstat(next.c_str(), &status) != 0) {
      const int reason = errno;
      rest_.clear();
      if (reason == ENOENT) return last_folder(trust);
      return next.string() + " cannot be looked at: " + std::system_category().message(reason);
    }
    const Place place = rest_.empty() ? Place::Last : Place::OnTheWay;
    std::string told = stranger_of(status, next, place, trust);
    if (!told.empty()) return told;
    if (!S_ISLNK(status.st_mode)) {
      at_ = next;
      return {};
    }
    std::error_code failed;
    const fs::path target = fs::read_symlink(next, failed);
    if (failed || ++links_ > kMostLinks)
      return next.string() + " is a link that cannot be followed";
    push(target);
    return {};
  }

  // Of what is to be made in a folder: with the sticky bit, it is the maker's.
  std::string last_folder(const Trust& trust) const {
    struct stat status {};
    if (lstat(at_.c_str(), &status) != 0) return {};
    return stranger_of(status, at_, Place::OnTheWay, trust);
  }

  void push(const fs::path& path) {
    if (path.is_absolute()) at_ = "/";
    const fs::path relative = path.relative_path();
    rest_.insert(rest_.begin(), relative.begin(), relative.end());
  }

  fs::path at_ = "/";  // free of links
  std::deque<fs::path> rest_;
  int links_ = 0;
};

}  // namespace

std::string find_stranger(const fs::path& path, const Trust& trust) {
  std::error_code failed;
  const fs::path whole = fs::absolute(path, failed);
  if (failed) return path.string() + " cannot be found: " + failed.message();
  return Walk(whole).find_stranger(trust);
}

std::string find_stranger(int descriptor, const fs::path& path, const Trust& trust) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) {
    return path.string() + " cannot be looked at: " + std::system_category().message(errno);
  }
  return stranger_of(status, path, Place::Last, trust);
}

}  // namespace weir
