#pragma once
// What the admin address answers.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "planes/serve/updater.h"
#include "runtime/metrics.h"

namespace weir::serve {

struct AdminReply {
  int status = 200;
  std::string content_type = "text/plain";
  std::string body;
};

// Thread: the main one; done() is called on it, perhaps from inside answer().
class Admin {
 public:
  enum class State : uint8_t { Starting, Live, Draining };

  // All outlive it. `post` runs a task on the main thread; it may be called from any.
  struct Parts {
    std::span<const std::unique_ptr<WorkerThread>> workers;
    const Updater& updater;
    const planes::CodeSupply& supply;
    runtime::MetricStore& metrics;
    // For people: the file that the configuration is in, or empty; and what Weir is.
    std::string config_file;
    std::string version;
    std::function<void(std::function<void()>)> post;
  };
  explicit Admin(Parts parts) : parts_(std::move(parts)) {}

  void set_state(State state) { state_ = state; }
  State state() const { return state_; }

  // Answers GET `target`, perhaps after this call.
  using Done = std::function<void(AdminReply)>;
  void answer(std::string_view target, const Done& done);

 private:
  // So that the numbers are those of now.
  void count();
  AdminReply ready() const;
  AdminReply updates() const;
  AdminReply server_info() const;
  // Calls back on the main thread when every worker has told.
  template <typename Statuses>
  void ask_workers(void (WorkerThread::*ask)(std::function<void(Statuses)>),
                   std::function<void(const std::vector<Statuses>&)> done);

  const Parts parts_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  State state_ = State::Starting;
};

// The answer to /plugins. `workers`: what each says. What speaks of another generation than
// `status` is left out: a change was under way between the two.
std::string plugins_json(const UpdateStatus& status,
                         const std::vector<WorkerThread::PluginStatuses>& workers);

// The answer to /ready?plugins while requests are served: 503 where a plugin has failed and it is
// too soon to start it again, with a line for each. A failed one that the next stream starts is
// ready.
AdminReply plugins_ready(const UpdateStatus& status,
                         const std::vector<WorkerThread::PluginStatuses>& workers);

}  // namespace weir::serve
