#include "planes/serve/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <system_error>

#include "base/descriptor.h"

namespace weir::serve {
namespace {

std::optional<uint64_t> parse_number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view view(text);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(view.begin(), view.end(), value);
  if (error != std::errc() || end != view.end()) return std::nullopt;
  return value;
}

std::string text_of(const char* variable) { return variable == nullptr ? "" : variable; }

// False where errno says why.
bool send_to(const std::string& path, std::string_view state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  // An abstract one begins with a zero byte, written as '@'.
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return ::sendto(socket.number(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&address), size) >= 0;
}

}  // namespace

Supervisor::Supervisor(const ReadVariable& variable, pid_t self, Logger& logger)
    : socket_(text_of(variable("NOTIFY_SOCKET"))), logger_(logger) {
  const auto microseconds = parse_number(variable("WATCHDOG_USEC"));
  const auto meant = parse_number(variable("WATCHDOG_PID"));
  if (socket_.empty() || !microseconds || *microseconds == 0) return;
  if (meant && *meant != static_cast<uint64_t>(self)) return;
  watchdog_ = Milliseconds(static_cast<int64_t>(*microseconds / 1000));
}

void Supervisor::tell(std::string_view state) const {
  if (socket_.empty() || send_to(socket_, state)) return;
  logger_.log(LogLevel::Warn, "NOTIFY_SOCKET " + socket_ + ": " +
                                  std::system_category().message(errno) +
                                  "; not told: " + std::string(state.substr(0, state.find('\n'))));
}

void Supervisor::tell_reloading() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

}  // namespace weir::serve
