#pragma once
// What a process finds open when it starts: the listening sockets of one whose place it takes, or
// of systemd, told by its environment.

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "planes/serve/socket_pool.h"

namespace weir::serve {

// The process whose place this one takes. It goes on serving until it is told. Thread: any, one at
// a time.
class Predecessor {
 public:
  // `channel` leads to it.
  explicit Predecessor(Descriptor channel) : channel_(std::move(channel)) {}

  // This process serves: the other one ends with the streams that it has.
  void take_over() { say("ready\n"); }
  // This process ends, and the other one goes on.
  void give_back(std::string_view why) { say("failed " + std::string(why) + "\n"); }

 private:
  void say(const std::string& line);

  Descriptor channel_;
};

struct Inheritance {
  std::vector<SocketPool::Socket> sockets;
  Descriptor admin;  // the socket of the admin address
  std::optional<Predecessor> predecessor;
};

// Variables of the environment; null where there is none.
using ReadVariable = std::function<const char*(const char* name)>;

// Owns what is open from now on, so it is to be called once, and in a process that does not become
// another any more. An error names what cannot be used, and the remedy.
Result<Inheritance> take_inheritance(const ReadVariable& variable, pid_t self);

// A process that is to take this one's place: what it gets, from descriptor 3 on, and the variable
// of its environment that tells it so. The channel to this process comes first.
class Legacy {
 public:
  void add(SocketPool::Socket socket);
  void set_admin(Descriptor socket) { admin_ = std::move(socket); }

  static constexpr const char* kVariable = "WEIR_HANDOVER";
  std::string text() const;
  // In the order of the descriptors that text() speaks of.
  std::vector<int> descriptors() const;

  // Variables that such a process must not find: they speak of this one.
  static std::span<const std::string_view> stale_variables();

 private:
  std::vector<SocketPool::Socket> sockets_;
  Descriptor admin_;
};

}  // namespace weir::serve
