#include "planes/serve/successor.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace weir::serve {
namespace {

constexpr int kFirstDescriptor = 3;

// How often it is looked whether a process that will not serve has ended, and for how long before
// it is ended.
constexpr Milliseconds kPoll{20};
constexpr int kMostPolls = 250;

constexpr size_t kMostWords = 4096;

std::string text_of(int error) { return std::system_category().message(error); }

// The environment of this process, but for what speaks of this process alone.
std::vector<std::string> environment_with(const std::string& legacy) {
  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::string_view name = variable.substr(0, variable.find('='));
    bool stale = false;
    for (const std::string_view other : Legacy::stale_variables()) stale |= name == other;
    if (!stale) variables.emplace_back(variable);
  }
  variables.push_back(std::string(Legacy::kVariable) + "=" + legacy);
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Descriptors that a new process is to have one after the other, from the first on, and nothing
// behind them.
class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  // Each is copied to where it overwrites none of the others.
  Done pass(const std::vector<int>& descriptors) {
    const int end = kFirstDescriptor + static_cast<int>(descriptors.size());
    int next = kFirstDescriptor;
    for (const int descriptor : descriptors) {
      Descriptor copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, end));
      if (!copy.is_open()) return Error{ErrorCode::Io, "handing sockets over: " + text_of(errno)};
      ::posix_spawn_file_actions_adddup2(&actions_, copy.number(), next++);
      copies_.push_back(std::move(copy));
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, end);
    return Unit{};
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
  std::vector<Descriptor> copies_;
};

std::string end_of(int status) {
  if (WIFSIGNALED(status)) {
    return "it was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
           ::strsignal(WTERMSIG(status)) + ")";
  }
  return "it has ended with code " + std::to_string(WEXITSTATUS(status));
}

class SuccessorImpl final : public Successor {
 public:
  SuccessorImpl(asio::io_context& io, pid_t pid, Descriptor channel,
                std::function<void(Done)> on_verdict)
      : pid_(pid), channel_(io, channel.take()), timer_(io), on_verdict_(std::move(on_verdict)) {
    read();
  }

  pid_t pid() const override { return pid_; }
  void give_up() override {
    if (on_verdict_ == nullptr) return;
    on_verdict_ = nullptr;
    self_.reset();  // this process is ending: how the other ends is told to who comes after it
    ::kill(pid_, SIGTERM);
  }

 private:
  void read() {
    channel_.async_read_some(asio::buffer(room_), [this, self = std::weak_ptr(self_)](
                                                      const error_code& error, size_t n) {
      if (self.expired()) return;
      on_read(error, n);
    });
  }

  void on_read(const error_code& error, size_t n) {
    words_.append(room_.data(), n);
    if (words_.starts_with("ready\n")) return tell(Unit{});
    if (!error && words_.size() < kMostWords) return read();
    // It has closed the channel, so it has given its reason, or has ended without.
    await_end();
  }

  void await_end() {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended != 0) return tell(reason(ended == pid_ ? end_of(status) : "it is gone"));
    if (++polls_ == kMostPolls) ::kill(pid_, SIGKILL);
    timer_.expires_after(kPoll);
    timer_.async_wait([this, self = std::weak_ptr(self_)](const error_code&) {
      if (!self.expired()) await_end();
    });
  }

  Error reason(const std::string& end) const {
    constexpr std::string_view kFailed = "failed ";
    std::string_view words = words_;
    if (!words.starts_with(kFailed)) return {ErrorCode::Unavailable, end};
    words.remove_prefix(kFailed.size());
    while (words.ends_with('\n')) words.remove_suffix(1);
    return {ErrorCode::Unavailable, std::string(words)};
  }

  void tell(Done verdict) {
    if (auto told = std::exchange(on_verdict_, nullptr)) told(std::move(verdict));
  }

  const pid_t pid_;
  asio::posix::basic_stream_descriptor<Executor> channel_;
  Timer timer_;
  std::function<void(Done)> on_verdict_;  // null once told
  std::array<char, 512> room_;
  std::string words_;
  int polls_ = 0;
  // Handlers that come after the end, or after giving up, find it expired.
  std::shared_ptr<int> self_ = std::make_shared<int>();
};

}  // namespace

Result<std::unique_ptr<Successor>> Successor::start(asio::io_context& io, const Program& program,
                                                    const Legacy& legacy,
                                                    std::function<void(Done)> on_verdict) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error{ErrorCode::Io, "socketpair: " + text_of(errno)};
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  std::vector<int> descriptors = legacy.descriptors();
  descriptors.insert(descriptors.begin(), theirs.number());
  SpawnActions actions;
  WEIR_TRY(actions.pass(descriptors));
  const auto variables = environment_with(legacy.text());
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.file.c_str(), actions.get(), nullptr,
                    pointers_to(program.arguments).data(), pointers_to(variables).data());
  if (error != 0) return Error{ErrorCode::Io, program.file + ": " + text_of(error)};
  return std::unique_ptr<Successor>(
      std::make_unique<SuccessorImpl>(io, pid, std::move(ours), std::move(on_verdict)));
}

}  // namespace weir::serve
