#include "engine/wasmedge/compiler_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "engine/shared_object.h"
#include "engine/wasmedge/api.h"
#include "engine/wasmedge/workplace.h"

namespace weir::engine::wasmedge {
namespace {

namespace fs = std::filesystem;

// A folder of this process alone, gone with this object.
class Workplace {
 public:
  static Result<Workplace> make() {
    fs::path folder = "/tmp";
    std::string where = "in /tmp";
    for (const char* name : {"TMPDIR", "TMP", "TEMP", "TEMPDIR"}) {
      const char* value = std::getenv(name);
      if (value == nullptr || *value == 0) continue;
      folder = value;
      where = "in " + folder.string() + ", which " + name + " names";
      break;
    }
    std::string path = folder / (std::string(kWorkplace) + "XXXXXX");
    if (mkdtemp(path.data()) != nullptr) return Workplace(path);
    return Error{ErrorCode::Io, "no folder to compile in can be made " + where + ": " +
                                    std::generic_category().message(errno) +
                                    "; set TMPDIR to a folder where this process may write"};
  }
  explicit Workplace(fs::path path) : path_(std::move(path)) {}
  Workplace(Workplace&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Workplace& operator=(Workplace&&) = delete;
  ~Workplace() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }
  fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

// A pipe that nothing is written into: whoever has `read` sees its end when this process is gone.
class Lifeline {
 public:
  static Result<Lifeline> make() {
    Lifeline line;
    if (pipe2(line.ends_.data(), O_CLOEXEC) != 0) {
      return Error{ErrorCode::Io, "a pipe: " + std::generic_category().message(errno)};
    }
    return line;
  }
  Lifeline(Lifeline&& other) noexcept : ends_(std::exchange(other.ends_, {-1, -1})) {}
  Lifeline& operator=(Lifeline&&) = delete;
  ~Lifeline() {
    for (const int end : ends_) {
      if (end >= 0) close(end);
    }
  }

  int read_end() const { return ends_[0]; }

 private:
  Lifeline() = default;

  std::array<int, 2> ends_{-1, -1};
};

// Runs the command to its end, its output in a file. The exit status as waitpid() tells it.
Result<int> run(const std::vector<std::string>& words, const fs::path& output) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);

  WEIR_TRY(const Lifeline lifeline, Lifeline::make());
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, lifeline.read_end(), 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  // Signals that this process ignores or blocks are the child's own again.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, pointers[0], &files, &attributes, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Error{ErrorCode::Io, words[0] + ": " + std::generic_category().message(failed)};
  }

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno == EINTR) continue;
    // Whoever ignores SIGCHLD has the child's status thrown away; its files tell all the same.
    return 0;
  }
  return status;
}

std::vector<std::byte> read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::byte> bytes;
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (failed) return bytes;
  bytes.resize(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  return stream ? bytes : std::vector<std::byte>{};
}

// The last line of what the compiler said.
std::string last_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string last;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Result<fs::path> find_compiler() {
  fs::path compiler = own_folder() / kCompiler;
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Error{code, compiler.string() + ", which compiles plugins, " + why +
                           ": install the adapter anew, with it beside it, or use engine "
                           "'wasmedge'"};
  };
  if (const auto checked = check_object(compiler); !checked.ok()) {
    return refuse(checked.error().code, checked.error().message);
  }
  if (access(compiler.c_str(), X_OK) != 0) return refuse(ErrorCode::Io, "may not be executed");
  const std::vector<std::byte> bytes = read_bytes(compiler);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string mark =
      std::string(kCompiler) + std::string(kCompilesBy) + std::string(kCompilerOptions);
  if (text.find(mark) == std::string_view::npos) {
    return refuse(ErrorCode::Unsupported, "is another program, or of another build of Weir");
  }
  return compiler;
}

Result<std::vector<std::byte>> compile_ahead(Bytes wasm) {
  WEIR_TRY(const Workplace place, Workplace::make());
  const fs::path source = place.file(kSource);
  const fs::path compiled = place.file(kCompiled);
  const fs::path output = place.file("output");
  std::ofstream written(source, std::ios::binary);
  written.write(reinterpret_cast<const char*>(wasm.data()),
                static_cast<std::streamsize>(wasm.size()));
  written.close();
  if (!written) return Error{ErrorCode::Io, source.string() + ": cannot be written"};

  const fs::path folder = own_folder();
  WEIR_TRY(const fs::path compiler, find_compiler());
  std::vector<std::string> words{compiler.string(), place.path().string()};
  const fs::path loader = folder / "wasmedge" / "ld.so";
  if (std::error_code ignored; fs::exists(loader, ignored)) {
    words.insert(words.begin(), {loader.string(), "--library-path", loader.parent_path().string()});
  }
  WEIR_TRY(const int status, run(words, output));
  if (status == 0) {
    if (auto bytes = read_bytes(compiled); !bytes.empty()) return bytes;
  }
  const std::string said = last_line(output);
  return Error{ErrorCode::BadModule, "WasmEdge's compiler cannot compile this module" +
                                         (said.empty() ? "" : ": " + said) +
                                         "; its interpreter, engine 'wasmedge', may"};
}

}  // namespace weir::engine::wasmedge
