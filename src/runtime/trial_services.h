#pragma once
// The surroundings of a plugin that is only tried out: whatever it starts is accepted, and nothing
// happens.

#include "runtime/worker_services.h"

namespace weir::runtime {

class TrialServices final : public WorkerServices, private Upstreams {
 public:
  Upstreams& upstreams() override { return *this; }
  std::unique_ptr<Timer> make_timer(std::function<void()>) override {
    return std::make_unique<StoppedTimer>();
  }
  bool resolve(std::string, std::function<void(std::vector<std::string>)>) override { return true; }
  void post(std::function<void()>) override {}

 private:
  class StoppedTimer final : public Timer {
    void start(Milliseconds) override {}
    void stop() override {}
  };

  class SilentStream final : public UpstreamStream {
    void send_data(Bytes, abi::EndOfStream) override {}
    void send_trailers(const abi::HeaderList&) override {}
    size_t unsent_bytes() const override { return 0; }
  };

  Result<std::unique_ptr<UpstreamStream>, OpenError> open(std::string_view, const abi::HeaderList&,
                                                          abi::EndOfStream, Protocol,
                                                          UpstreamObserver&) override {
    return std::unique_ptr<UpstreamStream>(std::make_unique<SilentStream>());
  }
};

}  // namespace weir::runtime
