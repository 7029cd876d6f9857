#include "planes/serve/file_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <map>
#include <set>

#include "base/clock.h"
#include "planes/serve/net.h"

namespace weir::serve {
namespace {

namespace fs = std::filesystem;

// Builds write a file in several goes: when it has stayed the same for so long it is complete.
constexpr Milliseconds kQuiet{100};

// What is away for longer is not just being written anew.
constexpr Milliseconds kGone{1000};

// As many as the system follows.
constexpr int kMaxLinks = 40;

// Where something has to change for a file to become another one.
struct Folders {
  std::set<fs::path> needed;  // those of the file and of each link on the way
  std::set<fs::path> above;   // the others on the way, which may be replaced themselves
};

void add_folders(const fs::path& file, Folders& folders) {
  std::error_code failed;
  fs::path rest = fs::absolute(file, failed).lexically_normal();
  for (int links = 0; !failed && links <= kMaxLinks; ++links) {
    folders.needed.insert(rest.parent_path());
    fs::path at;
    bool turned = false;
    for (auto part = rest.begin(); part != rest.end(); ++part) {
      if (!at.empty()) folders.above.insert(at);
      at /= *part;
      std::error_code not_there;
      if (!fs::is_symlink(at, not_there)) continue;
      folders.needed.insert(at.parent_path());
      fs::path target = at.parent_path() / fs::read_symlink(at, not_there);
      for (++part; part != rest.end(); ++part) target /= *part;
      rest = target.lexically_normal();
      turned = true;
      break;
    }
    if (!turned) return;
  }
}

// Why a file cannot be read. One that is there by now was not.
std::string why_absent(const fs::path& file) {
  struct stat info {};
  int failure = ENOENT;
  if (::stat(file.c_str(), &info) != 0 ||
      ::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0) {
    failure = errno;
  }
  std::error_code no_link;
  const fs::path target = fs::read_symlink(file, no_link);
  if (failure == ENOENT && !no_link) {
    return "a symbolic link to '" + target.string() + "', where there is nothing";
  }
  return std::generic_category().message(failure);
}

Error last_error(const std::string& doing) {
  return Error{ErrorCode::Io, doing + ": " + std::generic_category().message(errno)};
}

}  // namespace

FileState FileState::of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size,
          info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

// Kept alive by the operations under way; stop() ends them.
class FileWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, OnChange on_change, OnAbsence on_absence)
      : events_(io),
        quiet_(io),
        gone_(io),
        on_change_(std::move(on_change)),
        on_absence_(std::move(on_absence)) {}

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
    unsettled_.clear();
    std::erase_if(absences_, [this](const auto& known) {
      return std::ranges::find(files_, known.first, &File::path) == files_.end();
    });
    Done done = watch_folders();
    look_soon();  // for what changed before it was watched
    return done;
  }

  void read() {
    events_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](const error_code& error, size_t) {
                              if (error || self->on_change_ == nullptr) return;
                              self->look_soon();
                              self->read();
                            });
  }

  void stop() {
    on_change_ = nullptr;
    error_code ignored;
    events_.close(ignored);
    quiet_.cancel();
    gone_.cancel();
  }

 private:
  Done watch_folders() {
    Folders folders;
    for (const File& file : files_) add_folders(file.path, folders);
    Done done = Unit{};
    std::set<int> wanted;
    for (const fs::path& folder : folders.needed) {
      const int watch = watch_folder(folder);
      if (watch >= 0) {
        wanted.insert(watch);
      } else if (done.ok()) {
        done = last_error("watch " + folder.string());
      }
    }
    // Not all of these may be read, and need not be.
    for (const fs::path& folder : folders.above) {
      if (const int watch = watch_folder(folder); watch >= 0) wanted.insert(watch);
    }
    for (const int watch : watches_) {
      if (!wanted.contains(watch)) ::inotify_rm_watch(events_.native_handle(), watch);
    }
    watches_ = std::move(wanted);
    return done;
  }

  // Answers what it answered before for a folder that is watched.
  int watch_folder(const fs::path& folder) {
    return ::inotify_add_watch(events_.native_handle(), folder.c_str(),
                               IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_DELETE |
                                   IN_MOVED_FROM | IN_ATTRIB | IN_ONLYDIR);
  }

  // However many events come, it looks once in kQuiet.
  void look_soon() {
    if (looks_soon_) return;
    looks_soon_ = true;
    quiet_.expires_after(kQuiet);
    quiet_.async_wait([self = shared_from_this()](const error_code& error) {
      self->looks_soon_ = false;
      if (!error && self->on_change_ != nullptr) self->look();
    });
  }

  // Events say that something in a folder has changed, perhaps what a link points to. What differs
  // from what was read is told of when it is the same in two looks.
  void look() {
    // Links may lead through other folders now, and folders be others; one that is gone is told
    // when the files are set.
    static_cast<void>(watch_folders());
    std::map<fs::path, FileState> differ;
    std::vector<fs::path> back;
    for (const File& file : files_) {
      const FileState now = FileState::of(file.path);
      const bool is_there = now != FileState{};
      if (now != file.seen && is_there) differ.emplace(file.path, now);
      if (!is_there && file.seen != FileState{}) {
        absences_.try_emplace(file.path, Absence{std::chrono::steady_clock::now()});
      } else if (const auto absence = absences_.extract(file.path);
                 absence && absence.mapped().told && now == file.seen) {
        back.push_back(file.path);
      }
    }
    for (const fs::path& file : back) on_absence_(file, "");
    tell_absences();
    if (differ.empty()) return unsettled_.clear();
    if (differ != unsettled_) {
      unsettled_ = std::move(differ);
      return look_soon();
    }
    std::vector<fs::path> changed;
    for (File& file : files_) {
      const auto found = differ.find(file.path);
      if (found == differ.end()) continue;
      file.seen = found->second;
      changed.push_back(file.path);
    }
    unsettled_.clear();
    on_change_(changed);
  }

  // Those that are due, and looks again when the next one is.
  void tell_absences() {
    const auto now = std::chrono::steady_clock::now();
    auto next = std::chrono::steady_clock::time_point::max();
    for (auto& [file, absence] : absences_) {
      if (absence.told) continue;
      const auto due = absence.since + kGone;
      absence.told = due <= now;
      if (absence.told) {
        on_absence_(file, why_absent(file));
      } else {
        next = std::min(next, due);
      }
    }
    if (next == std::chrono::steady_clock::time_point::max()) return;
    gone_.expires_at(next);
    gone_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->on_change_ != nullptr) self->look();
    });
  }

  // Of a file that was read.
  struct Absence {
    std::chrono::steady_clock::time_point since;
    bool told = false;
  };

  asio::posix::basic_stream_descriptor<Executor> events_;
  Timer quiet_;
  Timer gone_;  // until the next of absences_ is told
  std::vector<File> files_;
  std::map<fs::path, FileState> unsettled_;  // what differed in the last look
  std::map<fs::path, Absence> absences_;
  std::set<int> watches_;
  bool looks_soon_ = false;
  OnChange on_change_;
  OnAbsence on_absence_;
  // The events themselves do not matter: what matters is that there are some.
  alignas(inotify_event) std::array<char, 4096> buffer_;
};

Result<std::unique_ptr<FileWatch>> FileWatch::make(asio::io_context& io, OnChange on_change,
                                                   OnAbsence on_absence) {
  auto impl = std::make_shared<Impl>(io, std::move(on_change), std::move(on_absence));
  WEIR_TRY(impl->open());
  impl->read();
  return std::unique_ptr<FileWatch>(new FileWatch(std::move(impl)));
}

FileWatch::~FileWatch() { impl_->stop(); }

Done FileWatch::set_files(std::vector<File> files) { return impl_->set_files(std::move(files)); }

}  // namespace weir::serve
