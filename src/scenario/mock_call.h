#pragma once
// One call of a plugin to a mocked upstream.

#include <memory>
#include <string>

#include "runtime/upstream.h"
#include "runtime/worker_services.h"
#include "scenario/journal.h"
#include "scenario/script.h"

namespace weir::scenario {

class MockUpstreams;

// The runtime's end of it: it takes what the plugin sends, and brings the answer. Owned by the
// call; the upstreams outlive it. Thread: the scenario's.
class MockCall final : public runtime::UpstreamStream {
 public:
  MockCall(MockUpstreams& upstreams, std::shared_ptr<SeenCall> seen,
           runtime::UpstreamObserver& observer);
  ~MockCall() override;

  // runtime::UpstreamStream
  void send_data(Bytes data, abi::EndOfStream end) override;
  void send_trailers(const abi::HeaderList& trailers) override;
  size_t unsent_bytes() const override { return 0; }

 private:
  // Looks whether there is something to answer now, soon.
  void wake(Milliseconds delay = Milliseconds(0)) { timer_->start(delay); }
  void go_on();
  void choose();
  void answer(const Message& response);
  void answer(const GrpcAnswer& answer);
  void end_grpc(const GrpcAnswer& answer);
  void fail(const std::string& reason);

  MockUpstreams& upstreams_;
  std::shared_ptr<SeenCall> seen_;
  runtime::UpstreamObserver& observer_;
  std::unique_ptr<runtime::Timer> timer_;
  std::string frames_;  // of gRPC messages that are not complete
  bool chosen_ = false;
  const Answer* answer_ = nullptr;
  bool begun_ = false;  // headers of a gRPC answer have gone
  size_t replied_ = 0;  // messages that have gone
  bool reply_due_ = false;
  bool over_ = false;
  // Cleared when this goes: whatever the observer is told may destroy it.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::scenario
