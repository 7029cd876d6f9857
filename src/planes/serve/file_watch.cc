#include "planes/serve/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <set>

#include "base/clock.h"
#include "planes/serve/net.h"

namespace weir::serve {
namespace {

namespace fs = std::filesystem;

// Builds write a file in several goes; this long after the last one it is taken as complete.
constexpr Milliseconds kQuiet{100};

// What tells one state of a file from another. Equal for missing files.
struct Fingerprint {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t modified_ns = 0;

  static Fingerprint of(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return {};
    return {info.st_dev, info.st_ino, info.st_size,
            info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
  }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Error last_error(const std::string& doing) {
  return Error{ErrorCode::Io, doing + ": " + std::generic_category().message(errno)};
}

}  // namespace

// Kept alive by the operations under way; stop() ends them.
class FileWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::vector<fs::path> files, OnChange on_change)
      : events_(io), quiet_(io), files_(std::move(files)), on_change_(std::move(on_change)) {
    for (const fs::path& file : files_) seen_.push_back(Fingerprint::of(file));
  }

  Done open() {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return last_error("watch files");
    events_.assign(fd);
    std::set<fs::path> folders;
    for (const fs::path& file : files_) folders.insert(file.parent_path());
    for (const fs::path& folder : folders) {
      const char* name = folder.empty() ? "." : folder.c_str();
      if (::inotify_add_watch(fd, name, IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
        return last_error("watch " + std::string(name));
      }
    }
    return Unit{};
  }

  void read() {
    events_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](const error_code& error, size_t) {
                              if (error || self->on_change_ == nullptr) return;
                              self->wait_for_quiet();
                              self->read();
                            });
  }

  void stop() {
    on_change_ = nullptr;
    error_code ignored;
    events_.close(ignored);
    quiet_.cancel();
  }

 private:
  void wait_for_quiet() {
    quiet_.expires_after(kQuiet);
    quiet_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->on_change_ != nullptr) self->compare();
    });
  }

  // Events say that something in a folder has changed, perhaps what a link points to.
  void compare() {
    std::vector<size_t> changed;
    for (size_t i = 0; i < files_.size(); ++i) {
      const Fingerprint now = Fingerprint::of(files_[i]);
      if (now == seen_[i] || now == Fingerprint{}) continue;
      seen_[i] = now;
      changed.push_back(i);
    }
    if (!changed.empty()) on_change_(changed);
  }

  asio::posix::basic_stream_descriptor<Executor> events_;
  Timer quiet_;
  const std::vector<fs::path> files_;
  std::vector<Fingerprint> seen_;
  OnChange on_change_;
  // The events themselves do not matter: what matters is that there are some.
  alignas(inotify_event) std::array<char, 4096> buffer_;
};

Result<std::unique_ptr<FileWatch>> FileWatch::make(asio::io_context& io,
                                                   std::vector<fs::path> files,
                                                   OnChange on_change) {
  auto impl = std::make_shared<Impl>(io, std::move(files), std::move(on_change));
  WEIR_TRY(impl->open());
  impl->read();
  return std::unique_ptr<FileWatch>(new FileWatch(std::move(impl)));
}

FileWatch::~FileWatch() { impl_->stop(); }

}  // namespace weir::serve
