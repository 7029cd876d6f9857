#include "engine/code_cache.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

namespace weir::engine {
namespace {

namespace fs = std::filesystem;

using Digest = std::array<std::byte, 32>;

constexpr std::string_view kSuffix = ".weircode";
constexpr std::array<char, 8> kMagic = {'W', 'E', 'I', 'R', 'C', 'O', 'D', '1'};

// What stands before the artifact in a file. Read on the machine that wrote it, or on its like.
struct Header {
  std::array<char, 8> magic;
  uint64_t artifact_bytes;
  Digest key;
  Digest checksum;  // of the artifact
};
static_assert(sizeof(Header) == 80 && std::has_unique_object_representations_v<Header>);

Digest sha256(std::initializer_list<Bytes> parts) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  Digest digest;
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (Bytes part : parts) {
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  good = good && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                    nullptr) == 1;
  WEIR_CHECK(good);
  return digest;
}

// The length keeps one fingerprint's end apart from the module's start.
Digest key_of(const Engine& engine, Bytes wasm) {
  const std::string fingerprint = engine.fingerprint();
  const uint64_t length = fingerprint.size();
  return sha256({std::as_bytes(std::span(&length, 1)), as_bytes(fingerprint), wasm});
}

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::byte byte : digest) {
    text += kDigits[std::to_integer<size_t>(byte >> 4)];
    text += kDigits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return text;
}

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

// The artifact in `file`, if its size, key and checksum are right.
std::optional<std::vector<std::byte>> read_artifact(const File& file, const Digest& key) {
  struct stat status {};
  Header header{};
  if (fstat(file.descriptor(), &status) != 0 ||
      !file.read_all(std::as_writable_bytes(std::span(&header, 1))) || header.magic != kMagic ||
      header.key != key ||
      header.artifact_bytes != static_cast<uint64_t>(status.st_size) - sizeof(header)) {
    return std::nullopt;
  }
  std::vector<std::byte> artifact(header.artifact_bytes);
  if (!file.read_all(artifact) || sha256({artifact}) != header.checksum) return std::nullopt;
  return artifact;
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
bool write_atomically(const fs::path& path, const Header& header, Bytes artifact) {
  std::string aside =
      path.parent_path() / (std::string(kUnfinished) + "XXXXXX" + std::string(kSuffix));
  const File file(mkostemps(aside.data(), static_cast<int>(kSuffix.size()), O_CLOEXEC));
  if (!file.open()) return false;
  if (file.write_all(std::as_bytes(std::span(&header, 1))) && file.write_all(artifact) &&
      fsync(file.descriptor()) == 0 && rename(aside.c_str(), path.c_str()) == 0) {
    return true;
  }
  const int reason = errno;
  unlink(aside.c_str());
  errno = reason;
  return false;
}

std::string errno_text() { return std::system_category().message(errno); }

}  // namespace

CodeCache::CodeCache(fs::path folder, uint64_t max_bytes, Logger& logger)
    : folder_(std::move(folder)), max_bytes_(max_bytes), logger_(logger) {}

std::optional<std::vector<std::byte>> CodeCache::find(const Engine& engine, Bytes wasm) const {
  const Digest key = key_of(engine, wasm);
  const fs::path path = file_for(key);
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;

  auto artifact = read_artifact(file, key);
  if (!artifact) {
    logger_.log(LogLevel::Warn, "code cache: removed damaged " + path.string());
    unlink(path.c_str());
    return std::nullopt;
  }
  futimens(file.descriptor(), nullptr);  // its last use
  return artifact;
}

void CodeCache::store(const Engine& engine, Bytes wasm, Bytes artifact) const {
  const Digest key = key_of(engine, wasm);
  if (sizeof(Header) + artifact.size() > max_bytes_) {
    logger_.log(LogLevel::Warn, "code cache: an artifact of " + std::to_string(artifact.size()) +
                                    " bytes exceeds the whole cache");
    return;
  }
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) {
    logger_.log(LogLevel::Warn,
                "code cache: cannot make " + folder_.string() + ": " + failed.message());
    return;
  }
  const Header header{.magic = kMagic,
                      .artifact_bytes = artifact.size(),
                      .key = key,
                      .checksum = sha256({artifact})};
  const fs::path path = file_for(key);
  if (!write_atomically(path, header, artifact)) {
    logger_.log(LogLevel::Warn, "code cache: cannot write " + path.string() + ": " + errno_text());
    return;
  }
  remove_least_recently_used();
}

void CodeCache::remove(const Engine& engine, Bytes wasm) const {
  std::error_code ignored;
  fs::remove(file_for(key_of(engine, wasm)), ignored);
}

fs::path CodeCache::file_for(const std::array<std::byte, 32>& key) const {
  return folder_ / (hex(key) + std::string(kSuffix));
}

// Another process may remove the same files at the same time; whoever comes second finds none.
void CodeCache::remove_least_recently_used() const {
  struct Entry {
    fs::path path;
    uint64_t bytes;
    fs::file_time_type used;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() != kSuffix) continue;
    std::error_code vanished;
    const uint64_t bytes = at->file_size(vanished);
    const auto used = at->last_write_time(vanished);
    if (vanished || is_being_written(at->path(), used)) continue;
    total += bytes;
    entries.push_back({at->path(), bytes, used});
  }

  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= max_bytes_) return;
    std::error_code ignored;
    fs::remove(entry.path, ignored);
    total -= entry.bytes;
  }
}

Result<std::unique_ptr<const Module>> compile(const Engine& engine, const CodeCache* cache,
                                              Bytes wasm, std::span<const Import> imports) {
  if (cache == nullptr || !engine.capabilities().serialize) return engine.compile(wasm, imports);

  if (auto artifact = cache->find(engine, wasm)) {
    auto module = engine.deserialize(*artifact, imports);
    if (module.ok()) return module;
    // Written by a machine with other instructions, say. Where the imports are at fault, compile()
    // says so again.
    cache->remove(engine, wasm);
  }
  auto module = engine.compile(wasm, imports);
  if (!module.ok()) return module;
  if (auto artifact = module.value()->serialize(); artifact.ok()) {
    cache->store(engine, wasm, artifact.value());
  }
  return module;
}

}  // namespace weir::engine
