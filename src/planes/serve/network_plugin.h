#pragma once
// One plugin on one TCP connection: what the runtime sees of it, and what the plugin holds.

#include <memory>

#include "planes/serve/body.h"
#include "runtime/network_context.h"

namespace weir::serve {

class NetworkChain;

// Where one plugin stands in one direction.
struct NetworkStage {
  Body held;
  bool stopped = false;
  bool ended = false;       // no more comes in
  bool end_passed = false;  // and that has been told on
  bool in_callback = false;
};

// Owned by its NetworkChain, which does what the verbs ask for. Thread: the worker's.
class NetworkPlugin final : public runtime::NetworkStream {
 public:
  // To be called once, before all else. `chain` owns this.
  void init(NetworkChain& chain, size_t index);
  void set_context(std::unique_ptr<runtime::NetworkContext> context) {
    context_ = std::move(context);
  }

  NetworkStage& stage(runtime::Direction direction) {
    return stages_[static_cast<size_t>(direction)];
  }

  // What the guest answers; Continue where it has failed. True: it continues.
  bool let_in();
  bool let_pass(runtime::Direction direction);
  void tell_closed(runtime::Direction side, abi::PeerType by);

  // Asks the context to finish. False: finished() will be called.
  bool finish();
  bool has_finished() const { return finished_; }

  // A resume that was asked for while callbacks were running.
  bool take_resume(runtime::Direction direction) {
    return std::exchange(resumes_[static_cast<size_t>(direction)], false);
  }

  // runtime::NetworkStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override;
  abi::Buffer* data(runtime::Direction direction) override;
  void resume(runtime::Direction direction) override;
  void close(runtime::Direction side) override;
  void fail(std::string_view reason) override;
  void finished() override;

 private:
  NetworkChain* chain_ = nullptr;
  size_t index_ = 0;
  bool in_service_ = true;
  bool finished_ = false;
  bool resumes_[2] = {};
  NetworkStage stages_[2];
  std::unique_ptr<runtime::NetworkContext> context_;  // after what it may look at
};

}  // namespace weir::serve
