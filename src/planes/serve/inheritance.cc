#include "planes/serve/inheritance.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "planes/serve/listening_socket.h"

namespace weir::serve {
namespace {

// Of what is handed over, by systemd (sd_listen_fds(3)) and by Weir alike.
constexpr int kFirstDescriptor = 3;

constexpr int kMostDescriptors = 100'000;

std::optional<long> parse_number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view view(text);
  long value = 0;
  const auto [end, error] = std::from_chars(view.begin(), view.end(), value);
  if (error != std::errc() || end != view.end()) return std::nullopt;
  return value;
}

// Programs that this process starts do not get it.
bool keep_to_self(int descriptor) { return ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0; }

Error bad_handover(const std::string& why) {
  return Error{ErrorCode::BadConfig, std::string(Legacy::kVariable) + ": " + why +
                                         "; it is for a process that takes another's place, "
                                         "unset it to start weir by itself"};
}

Result<Inheritance> from_predecessor(const std::string& text) {
  Inheritance inheritance;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto groups = json.is_object() ? json.find("sockets") : json.end();
  if (!json.is_object() || groups == json.end() || !groups->is_array()) {
    return bad_handover("is not what weir writes there");
  }
  if (!keep_to_self(kFirstDescriptor)) return bad_handover("what it speaks of is not open");
  inheritance.predecessor.emplace(Descriptor(kFirstDescriptor));
  int next = kFirstDescriptor + 1;
  if (json.value("admin", false)) {
    if (!keep_to_self(next)) return bad_handover("the admin address's socket is not open");
    inheritance.admin = Descriptor(next++);
  }
  for (const auto& group : *groups) {
    const int count = group.value("count", 0);
    if (count < 0 || count > kMostDescriptors) return bad_handover("counts nonsense");
    for (int i = 0; i < count; ++i, ++next) {
      if (!keep_to_self(next)) return bad_handover("a socket that it speaks of is not open");
      Descriptor socket(next);
      auto address = listening_address(next);
      if (!address.ok()) return bad_handover("a socket " + address.error().message);
      inheritance.sockets.push_back({.descriptor = std::move(socket),
                                     .address = std::move(address).value(),
                                     .origin = group.value("systemd", false)
                                                   ? SocketPool::Origin::Systemd
                                                   : SocketPool::Origin::Predecessor,
                                     .name = group.value("name", "")});
    }
  }
  return inheritance;
}

std::vector<std::string> split_names(const char* text) {
  std::vector<std::string> names;
  if (text == nullptr) return names;
  std::string_view rest(text);
  while (true) {
    const size_t colon = rest.find(':');
    names.emplace_back(rest.substr(0, colon));
    if (colon == rest.npos) return names;
    rest.remove_prefix(colon + 1);
  }
}

Result<Inheritance> from_systemd(const ReadVariable& variable, pid_t self) {
  Inheritance inheritance;
  const auto count = parse_number(variable("LISTEN_FDS"));
  if (!count || parse_number(variable("LISTEN_PID")) != self) return inheritance;
  if (*count < 0 || *count > kMostDescriptors) {
    return Error{ErrorCode::BadConfig,
                 "LISTEN_FDS=" + std::to_string(*count) + " is no number of sockets"};
  }
  const auto names = split_names(variable("LISTEN_FDNAMES"));
  for (int i = 0; i < *count; ++i) {
    const int descriptor = kFirstDescriptor + i;
    const std::string name =
        static_cast<size_t>(i) < names.size() ? names[static_cast<size_t>(i)] : "unknown";
    const auto refuse = [&](const std::string& why) {
      return Error{ErrorCode::BadConfig,
                   "systemd's socket '" + name + "' (descriptor " + std::to_string(descriptor) +
                       ") " + why +
                       ": its unit is to have ListenStream=ADDRESS:PORT and Accept=no"};
    };
    if (!keep_to_self(descriptor)) return refuse("is not open");
    Descriptor socket(descriptor);
    auto address = listening_address(descriptor);
    if (!address.ok()) return refuse(address.error().message);
    inheritance.sockets.push_back({.descriptor = std::move(socket),
                                   .address = std::move(address).value(),
                                   .origin = SocketPool::Origin::Systemd,
                                   .name = name});
  }
  return inheritance;
}

}  // namespace

void Predecessor::say(const std::string& line) {
  // One that has gone meanwhile needs no word.
  static_cast<void>(::send(channel_.number(), line.data(), line.size(), MSG_NOSIGNAL));
  channel_ = Descriptor();
}

Result<Inheritance> take_inheritance(const ReadVariable& variable, pid_t self) {
  const char* text = variable(Legacy::kVariable);
  return text != nullptr ? from_predecessor(text) : from_systemd(variable, self);
}

void Legacy::add(SocketPool::Socket socket) { sockets_.push_back(std::move(socket)); }

// Sockets of one kind that follow each other are one group: there may be hundreds.
std::string Legacy::text() const {
  nlohmann::json groups = nlohmann::json::array();
  const SocketPool::Socket* last = nullptr;
  for (const SocketPool::Socket& socket : sockets_) {
    if (last != nullptr && last->origin == socket.origin && last->name == socket.name) {
      groups.back()["count"] = groups.back()["count"].get<int>() + 1;
    } else {
      groups.push_back({{"name", socket.name},
                        {"systemd", socket.origin == SocketPool::Origin::Systemd},
                        {"count", 1}});
    }
    last = &socket;
  }
  const nlohmann::json json = {{"admin", admin_.is_open()}, {"sockets", std::move(groups)}};
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::vector<int> Legacy::descriptors() const {
  std::vector<int> numbers;
  if (admin_.is_open()) numbers.push_back(admin_.number());
  for (const SocketPool::Socket& socket : sockets_) numbers.push_back(socket.descriptor.number());
  return numbers;
}

std::span<const std::string_view> Legacy::stale_variables() {
  static constexpr std::array<std::string_view, 5> kNames = {kVariable, "LISTEN_FDS", "LISTEN_PID",
                                                             "LISTEN_FDNAMES", "WATCHDOG_PID"};
  return kNames;
}

}  // namespace weir::serve
