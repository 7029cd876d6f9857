#include "base/file_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>

#include "base/trusted_path.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> kMagic = {'W', 'E', 'I', 'R', 'C', 'O', 'D', '1'};

// What stands before the content in a file. Read on the machine that wrote it, or on its like.
struct Header {
  std::array<char, 8> magic;
  uint64_t content_bytes;
  Digest key;
  Digest checksum;  // of the content
};
static_assert(sizeof(Header) == 80 && std::has_unique_object_representations_v<Header>);

// A file descriptor, closed in the end.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

  bool read_all(std::span<std::byte> to) const {
    while (!to.empty()) {
      const ssize_t got = read(descriptor_, to.data(), to.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to = to.subspan(static_cast<size_t>(got));
    }
    return true;
  }

  bool write_all(Bytes from) const {
    while (!from.empty()) {
      const ssize_t put = write(descriptor_, from.data(), from.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return false;
      from = from.subspan(static_cast<size_t>(put));
    }
    return true;
  }

 private:
  int descriptor_;
};

// The content of `file`, if its size, key and checksum are right.
std::optional<std::vector<std::byte>> read_content(const File& file, const Digest& key) {
  struct stat status {};
  Header header{};
  if (fstat(file.descriptor(), &status) != 0 ||
      !file.read_all(std::as_writable_bytes(std::span(&header, 1))) || header.magic != kMagic ||
      header.key != key ||
      header.content_bytes != static_cast<uint64_t>(status.st_size) - sizeof(header)) {
    return std::nullopt;
  }
  std::vector<std::byte> content(header.content_bytes);
  if (!file.read_all(content) || sha256({content}) != header.checksum) return std::nullopt;
  return content;
}

// Names files that are being written. One this old is what a crash left behind.
constexpr std::string_view kUnfinished = "unfinished-";
constexpr std::chrono::minutes kAbandoned{10};

bool is_being_written(const fs::path& path, fs::file_time_type written) {
  return path.filename().native().starts_with(kUnfinished) &&
         fs::file_time_type::clock::now() - written < kAbandoned;
}

// Writes and syncs a file of another name, then gives it its own: a reader sees all of it or none.
// The other name has the suffix too, so that what a crash leaves behind is one day the oldest and
// goes. False: errno tells why.
bool write_atomically(const fs::path& path, const Header& header, Bytes content) {
  const std::string suffix = path.extension();
  std::string aside = path.parent_path() / (std::string(kUnfinished) + "XXXXXX" + suffix);
  const File file(mkostemps(aside.data(), static_cast<int>(suffix.size()), O_CLOEXEC));
  if (!file.open()) return false;
  if (file.write_all(std::as_bytes(std::span(&header, 1))) && file.write_all(content) &&
      fsync(file.descriptor()) == 0 && rename(aside.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int reason = errno;
  unlink(aside.c_str());
  errno = reason;
  return false;
}

// Makes a folder, and those on the way to it, for this user alone. False: errno tells why.
bool make_folder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return true;
  if (folder.has_relative_path() && !make_folder(folder.parent_path())) return false;
  return mkdir(folder.c_str(), S_IRWXU) == 0 ||
         (errno == EEXIST && fs::is_directory(folder, ignored));
}

std::string errno_text() { return std::system_category().message(errno); }

}  // namespace

std::optional<std::vector<std::byte>> FileCache::find(const Digest& key) const {
  if (!is_trusted()) return std::nullopt;
  const fs::path path = file_for(key);
  // Who could write here before may have left a pipe, at which opening would wait.
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.open()) return std::nullopt;

  if (const std::string stranger = find_stranger(file.descriptor(), path); !stranger.empty()) {
    warn("removed a file that somebody else could have written: " + stranger);
    unlink(path.c_str());
    return std::nullopt;
  }
  auto content = read_content(file, key);
  if (!content) {
    // A folder stays, and store() tells that it is in the way.
    if (unlink(path.c_str()) == 0) warn("removed damaged " + path.string());
    return std::nullopt;
  }
  futimens(file.descriptor(), nullptr);  // its last use
  return content;
}

Done FileCache::store(const Digest& key, Bytes content) const {
  if (sizeof(Header) + content.size() > settings_.max_bytes) {
    return not_stored("a file of " + std::to_string(content.size()) +
                      " bytes exceeds the whole cache");
  }
  if (!is_trusted()) return Error{ErrorCode::Io, find_stranger(settings_.folder)};
  if (!make_folder(settings_.folder)) {
    return not_stored("cannot make " + settings_.folder.string() + ": " + errno_text());
  }
  const Header header{
      .magic = kMagic, .content_bytes = content.size(), .key = key, .checksum = sha256({content})};
  const fs::path path = file_for(key);
  if (!write_atomically(path, header, content)) {
    return not_stored("cannot write " + path.string() + ": " + errno_text());
  }
  remove_least_recently_used();
  return Unit{};
}

size_t FileCache::count() const {
  size_t files = 0;
  std::error_code failed;
  for (fs::directory_iterator at(settings_.folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    const fs::path& path = at->path();
    const bool unfinished = path.filename().native().starts_with(kUnfinished);
    if (path.extension() == settings_.suffix && !unfinished) ++files;
  }
  return files;
}

void FileCache::remove(const Digest& key) const {
  std::error_code ignored;
  fs::remove(file_for(key), ignored);
}

bool FileCache::is_trusted() const {
  const std::string stranger = find_stranger(settings_.folder);
  if (stranger.empty()) return true;
  if (!told_.exchange(true)) {
    warn("nothing is kept or taken, since somebody else could have written it: " + stranger);
  }
  return false;
}

fs::path FileCache::file_for(const Digest& key) const {
  return settings_.folder / (to_hex(key) + std::string(settings_.suffix));
}

// Another process may remove the same files at the same time; whoever comes second finds none.
void FileCache::remove_least_recently_used() const {
  struct Entry {
    fs::path path;
    uint64_t bytes;
    fs::file_time_type used;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code failed;
  for (fs::directory_iterator at(settings_.folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() != settings_.suffix) continue;
    std::error_code vanished;
    const uint64_t bytes = at->file_size(vanished);
    const auto used = at->last_write_time(vanished);
    if (vanished || is_being_written(at->path(), used)) continue;
    total += bytes;
    entries.push_back({at->path(), bytes, used});
  }

  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= settings_.max_bytes) return;
    std::error_code ignored;
    fs::remove(entry.path, ignored);
    total -= entry.bytes;
  }
}

Done FileCache::not_stored(std::string why) const {
  warn(why);
  return Error{ErrorCode::Io, std::move(why)};
}

void FileCache::warn(const std::string& what) const {
  logger_.log(LogLevel::Warn, std::string(settings_.name) + ": " + what);
}

}  // namespace weir
