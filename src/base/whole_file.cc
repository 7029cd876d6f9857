#include "base/whole_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/descriptor.h"

namespace weir {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr size_t kPiece = 64 << 10;

Error failed(int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? ErrorCode::NotFound : ErrorCode::Io, std::generic_category().message(error)};
}

// "16 MiB", or "100 bytes" where it is no whole number of them.
std::string shown_size(size_t bytes) {
  constexpr size_t kMiB = 1 << 20;
  if (bytes % kMiB == 0) return std::to_string(bytes / kMiB) + " MiB";
  return std::to_string(bytes) + " bytes";
}

Error too_large(size_t max_bytes) {
  return {ErrorCode::LimitExceeded, "it is larger than " + shown_size(max_bytes)};
}

Done check_kind(mode_t mode, Pipes pipes) {
  const auto refuse = [](const char* what) { return Error{ErrorCode::Io, what}; };
  if (S_ISREG(mode) || (S_ISFIFO(mode) && pipes == Pipes::Read)) return Unit{};
  if (S_ISDIR(mode)) return refuse("it is a folder");
  if (S_ISFIFO(mode)) return refuse("it is a pipe, and no file");
  return refuse("it is a device, and no file");
}

// Waits until a pipe has more to say.
Done wait_for_more(int descriptor) {
  pollfd wanted{.fd = descriptor, .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, kPatienceMs) != 0) return Unit{};
  return Error{ErrorCode::Io, "it is a pipe that says nothing"};
}

}  // namespace

Result<std::string> read_whole_file(const std::filesystem::path& path, size_t max_bytes,
                                    Pipes pipes) {
  const char* name = pipes == Pipes::Read && path == "-" ? "/dev/stdin" : path.c_str();
  // Opening a pipe does not wait for its other end.
  const Descriptor file(::open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return failed(errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return failed(errno);
  WEIR_TRY(check_kind(status.st_mode, pipes));
  const auto size = static_cast<size_t>(std::max<off_t>(status.st_size, 0));
  if (size > max_bytes) return too_large(max_bytes);

  // The size is a guess: what lies in /proc has none, and others may be writing.
  std::string bytes(size, '\0');
  size_t end = 0;
  while (true) {
    // One byte more than there may be tells that there are more.
    if (end == bytes.size()) bytes.resize(std::min(end + kPiece, max_bytes + 1));
    const ssize_t n = ::read(file.number(), bytes.data() + end, bytes.size() - end);
    if (n == 0) break;
    if (n > 0) {
      end += static_cast<size_t>(n);
      if (end > max_bytes) return too_large(max_bytes);
    } else if (errno == EAGAIN) {
      WEIR_TRY(wait_for_more(file.number()));
    } else if (errno != EINTR) {
      return failed(errno);
    }
  }
  if (end == 0 && S_ISFIFO(status.st_mode)) {
    return Error{ErrorCode::Io, "it is a pipe with nothing in it, into which nobody writes"};
  }
  bytes.resize(end);
  return bytes;
}

}  // namespace weir
