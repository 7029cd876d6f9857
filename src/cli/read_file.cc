#include "cli/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "planes/serve/descriptor.h"

namespace weir::cli {
namespace {

// No file that is named here is larger: neither a plugin nor what describes it.
constexpr size_t kMaxBytes = 512 << 20;

// How long a pipe may be silent, such as one that a shell makes of a command's output.
constexpr int kPatienceMs = 10'000;

std::string why(int error) { return std::generic_category().message(error); }

// What is wrong with what lies there, if it is no file and no pipe.
const char* kind_refused(mode_t mode) {
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISREG(mode) || S_ISFIFO(mode)) return nullptr;
  return "not a file, but a device";
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const auto failed = [&](const std::string& what) {
    return Error{ErrorCode::Io, path + ": " + what};
  };
  // A pipe whose other end nobody has is not waited for.
  const serve::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return failed(why(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return failed(why(errno));
  if (const char* refused = kind_refused(status.st_mode)) return failed(refused);

  std::string text;
  std::array<char, 1 << 14> piece;
  while (true) {
    const ssize_t n = ::read(file.number(), piece.data(), piece.size());
    if (n == 0) return text;
    if (n > 0) {
      text.append(piece.data(), static_cast<size_t>(n));
      if (text.size() > kMaxBytes) return failed("is larger than 512 MiB");
    } else if (errno == EAGAIN) {
      pollfd wanted{.fd = file.number(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, kPatienceMs) == 0) return failed("a pipe that says nothing");
    } else if (errno != EINTR) {
      return failed(why(errno));
    }
  }
}

}  // namespace weir::cli
