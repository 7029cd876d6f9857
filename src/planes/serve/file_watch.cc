#include "planes/serve/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <map>
#include <set>

#include "base/clock.h"
#include "planes/serve/net.h"

namespace weir::serve {
namespace {

namespace fs = std::filesystem;

// Builds write a file in several goes; this long after the last one it is taken as complete.
constexpr Milliseconds kQuiet{100};

// As many as the system follows.
constexpr int kMaxLinks = 40;

// The folders in which something has to change for `file` to become another one: its own, and that
// of each link on the way.
void add_folders(const fs::path& file, std::set<fs::path>& folders) {
  std::error_code failed;
  fs::path rest = fs::absolute(file, failed).lexically_normal();
  for (int links = 0; !failed && links <= kMaxLinks; ++links) {
    folders.insert(rest.parent_path());
    fs::path at;
    bool turned = false;
    for (auto part = rest.begin(); part != rest.end(); ++part) {
      at /= *part;
      std::error_code not_there;
      if (!fs::is_symlink(at, not_there)) continue;
      folders.insert(at.parent_path());
      fs::path target = at.parent_path() / fs::read_symlink(at, not_there);
      for (++part; part != rest.end(); ++part) target /= *part;
      rest = target.lexically_normal();
      turned = true;
      break;
    }
    if (!turned) return;
  }
}

Error last_error(const std::string& doing) {
  return Error{ErrorCode::Io, doing + ": " + std::generic_category().message(errno)};
}

}  // namespace

FileState FileState::of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size,
          info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

// Kept alive by the operations under way; stop() ends them.
class FileWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, OnChange on_change)
      : events_(io), quiet_(io), on_change_(std::move(on_change)) {}

  Done open() {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return last_error("watch files");
    events_.assign(fd);
    return Unit{};
  }

  Done set_files(std::vector<File> files) {
    for (File& file : files) {
      const auto known = std::ranges::find(files_, file.path, &File::path);
      if (known != files_.end()) file.seen = known->seen;
    }
    files_ = std::move(files);
    Done done = watch_folders();
    wait_for_quiet();  // for what changed before it was watched
    return done;
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
  Done watch_folders() {
    std::set<fs::path> folders;
    for (const File& file : files_) add_folders(file.path, folders);
    Done done = Unit{};
    std::set<int> wanted;
    for (const fs::path& folder : folders) {
      // Answers what it answered before for a folder that is watched.
      const int watch = ::inotify_add_watch(events_.native_handle(), folder.c_str(),
                                            IN_CLOSE_WRITE | IN_MOVED_TO);
      if (watch >= 0) {
        wanted.insert(watch);
      } else if (done.ok()) {
        done = last_error("watch " + folder.string());
      }
    }
    for (const int watch : watches_) {
      if (!wanted.contains(watch)) ::inotify_rm_watch(events_.native_handle(), watch);
    }
    watches_ = std::move(wanted);
    return done;
  }

  void wait_for_quiet() {
    quiet_.expires_after(kQuiet);
    quiet_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->on_change_ != nullptr) self->compare();
    });
  }

  // Events say that something in a folder has changed, perhaps what a link points to.
  void compare() {
    std::vector<fs::path> changed;
    for (File& file : files_) {
      const FileState now = FileState::of(file.path);
      if (now == file.seen || now == FileState{}) continue;
      file.seen = now;
      changed.push_back(file.path);
    }
    // Links may lead through other folders now; one that is gone is told when the files are set.
    if (!changed.empty()) static_cast<void>(watch_folders());
    if (!changed.empty()) on_change_(changed);
  }

  asio::posix::basic_stream_descriptor<Executor> events_;
  Timer quiet_;
  std::vector<File> files_;
  std::set<int> watches_;
  OnChange on_change_;
  // The events themselves do not matter: what matters is that there are some.
  alignas(inotify_event) std::array<char, 4096> buffer_;
};

Result<std::unique_ptr<FileWatch>> FileWatch::make(asio::io_context& io, OnChange on_change) {
  auto impl = std::make_shared<Impl>(io, std::move(on_change));
  WEIR_TRY(impl->open());
  impl->read();
  return std::unique_ptr<FileWatch>(new FileWatch(std::move(impl)));
}

FileWatch::~FileWatch() { impl_->stop(); }

Done FileWatch::set_files(std::vector<File> files) { return impl_->set_files(std::move(files)); }

}  // namespace weir::serve
