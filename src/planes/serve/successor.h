#pragma once
// A process that is started to take this one's place.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "planes/serve/inheritance.h"
#include "planes/serve/net.h"

namespace weir::serve {

// The program that this process is, as it was started.
struct Program {
  std::string file;                    // what is there when it is started anew
  std::vector<std::string> arguments;  // its name first
};

// Thread: the one that runs `io`. Its end leaves the process alone.
class Successor {
 public:
  // Starts the program with the same environment, standard streams and folder; of what else is
  // open it gets `legacy` alone. `on_verdict` is told once whether it serves, or why it does not,
  // and has ended then; never before this function has returned.
  static Result<std::unique_ptr<Successor>> start(asio::io_context& io, const Program& program,
                                                  const Legacy& legacy,
                                                  std::function<void(Done)> on_verdict);
  virtual ~Successor() = default;

  virtual pid_t pid() const = 0;
  // Ends it, where it does not serve yet; then nobody is told.
  virtual void give_up() = 0;
};

}  // namespace weir::serve
