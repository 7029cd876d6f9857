#pragma once
// What the contexts of HTTP streams and of TCP connections have in common: their life, and what
// happens to them when the VM fails.

#include <optional>
#include <string>
#include <string_view>

#include "abi/guest_answer.h"
#include "runtime/context_base.h"
#include "runtime/done_waits.h"
#include "runtime/instance_lease.h"
#include "runtime/stream.h"

namespace weir::runtime {

// Owned by the plane, as part of an HttpContext or NetworkContext. Thread: the worker's.
class StreamContext : public ContextBase {
 public:
  const Plugin& plugin() const override { return plugin_; }

  // abi::Context
  bool may_write(abi::MapType) const override { return !logging_; }
  abi::Status clear_route_cache() override { return abi::Status::Ok; }
  abi::Status done() override;
  std::string_view log_prefix() const override;

  // ContextBase
  void apply_pending() override;
  void instance_failed(std::string_view reason) override;
  void apply_failure() override;

  // The guest has not called proxy_done for too long: the stream ends without it.
  void give_up_waiting();

 protected:
  // A context in the instance of `root`, which `plugin` is a user of, and which keeps it until the
  // guest has been told of the stream's end. `lease` is of that instance, where it is this stream's
  // own.
  StreamContext(VmInstance& vm, PluginContext& root, const Plugin& plugin, InstanceLease lease);
  ~StreamContext() override = default;

  // How the plugin stands to the stream.
  enum class Mode : uint8_t {
    Running,
    Bypassed,  // failed open: the stream goes on without it
    Failed,    // failed closed: the stream has been or is being answered for
  };
  Mode mode() const { return mode_; }

  // proxy_on_context_create; to be called by the constructor of the final class.
  void create();
  // on_done, on_log, on_delete as far as they have not run; by the destructor of the final class.
  void destroy();
  // See HttpContext::finish().
  bool finish_stream();

  // Calls the guest for something that happens to `direction`. Empty when the VM has failed.
  abi::GuestAnswer call_for(Direction direction, abi::Callback callback,
                            abi::CallbackParams params);

  // What the callback that just ended asked for its own direction.
  bool resumed_itself() const { return resumed_itself_; }
  bool ended_stream() const { return ended_stream_; }

  void want_resume(Direction direction);

  // The plane's verbs.
  virtual void resume_stream(Direction) = 0;
  virtual void fail_stream(std::string_view reason) = 0;
  virtual void stream_finished() = 0;
  // Closes the stream or answers for it, where the guest asked for that. True where it has ended.
  virtual bool apply_end() = 0;

 private:
  enum class Life : uint8_t { Open, Finishing, AwaitingDone, Finished };

  static size_t index_of(Direction direction) { return static_cast<size_t>(direction); }
  void log_and_delete();
  void leave_waits();

  const InstanceLease lease_;  // first: the instance outlives all else here
  const Plugin& plugin_;
  bool fails_open_;
  Mode mode_ = Mode::Running;
  Life life_ = Life::Open;
  std::optional<DoneWaits::Place> wait_;  // while AwaitingDone
  bool logging_ = false;
  bool done_asked_ = false;
  std::optional<Direction> calling_for_;
  bool resumed_itself_ = false;
  bool ended_stream_ = false;
  bool resume_wanted_[2] = {false, false};
  std::string failure_;
};

}  // namespace weir::runtime
