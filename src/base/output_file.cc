#include "base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/descriptor.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr int kLongestChain = 40;
constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;

Error errno_error() { return {ErrorCode::Io, std::generic_category().message(errno)}; }

// Such a link may lead to what has no path, and stands for what a process has opened.
bool is_in_proc(const fs::path& link) {
  std::error_code ignored;
  const fs::path folder = fs::canonical(fs::absolute(link, ignored).parent_path(), ignored);
  return folder.native().starts_with("/proc/");
}

// Where symbolic links lead, whether or not something is there. Still a link: one of /proc, or of a
// circle.
fs::path follow_links(fs::path path) {
  for (int i = 0; i < kLongestChain; ++i) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(path, error)) || is_in_proc(path)) break;
    const fs::path target = fs::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;
  }
  return path;
}

Done write_all(const Descriptor& file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error();
    content.remove_prefix(static_cast<size_t>(written));
  }
  return Unit{};
}

Done write_into(const fs::path& path, std::string_view content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.is_open()) return errno_error();
  return write_all(file, content);
}

Done replace_file(const fs::path& path, std::string_view content) {
  const std::string aside = path.string() + ".new-" + std::to_string(::getpid());
  Done done = [&]() -> Done {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    Descriptor file(::open(aside.c_str(), kFlags, kMode));
    if (!file.is_open()) return errno_error();
    WEIR_TRY(write_all(file, content));
    if (::close(file.take()) != 0) return errno_error();
    if (::rename(aside.c_str(), path.c_str()) != 0) return errno_error();
    return Unit{};
  }();
  if (!done.ok()) ::unlink(aside.c_str());
  return done;
}

}  // namespace

Done write_output_file(const fs::path& path, std::string_view content) {
  const fs::path target = follow_links(path);
  std::error_code ignored;
  const fs::file_status status = fs::status(target, ignored);
  if (fs::is_directory(status)) return Error{ErrorCode::Io, "it is a folder"};
  const bool is_link = fs::is_symlink(fs::symlink_status(target, ignored));
  const bool is_special = fs::exists(status) && !fs::is_regular_file(status);
  return is_link || is_special ? write_into(target, content) : replace_file(target, content);
}

bool is_standard_output(const fs::path& path) {
  struct stat there = {};
  struct stat output = {};
  return ::stat(path.c_str(), &there) == 0 && ::fstat(STDOUT_FILENO, &output) == 0 &&
         there.st_dev == output.st_dev && there.st_ino == output.st_ino;
}

}  // namespace weir
