#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {

void RootCall::fail(std::string_view reason) {
  if (auto call = self.lock()) {
    tell(call, [reason = std::string(reason)](CallEvents& to) { to.failure(reason); });
  }
}

void RootCall::refuse(std::string_view reason) {
  if (auto call = self.lock()) {
    tell(call, [to_whom = cluster, reason = std::string(reason)](CallEvents& to) {
      to.refusal(to_whom, reason);
    });
  }
}

// What the runtime holds.
class RootCalls::Handle final : public runtime::UpstreamStream {
 public:
  Handle(MainThread& main, std::shared_ptr<RootCall> call) : main_(main), call_(std::move(call)) {}

  ~Handle() override {
    const bool answered = call_->events.is_over();
    call_->events.let_go();
    // Envoy closes a stream by itself once the answer is complete, and says so.
    if (answered) return;
    main_.run(call_, [main = &main_, call = call_] { main->reset(call); });
  }

  void send_data(Bytes data, abi::EndOfStream end) override {
    call_->queued_bytes += data.size();
    main_.run(call_, [main = &main_, call = call_, data = std::string(as_text(data)),
                      last = end == abi::EndOfStream::Yes] {
      call->queued_bytes -= data.size();
      main->send_data(call, data, last);
    });
  }

  void send_trailers(const abi::HeaderList& trailers) override {
    main_.run(call_, [main = &main_, call = call_, trailers] {
      std::vector<ModuleHeader> list = module_headers(trailers);
      main->send_trailers(call, list);
    });
  }

  size_t unsent_bytes() const override { return call_->queued_bytes; }

 private:
  MainThread& main_;
  std::shared_ptr<RootCall> call_;
};

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> RootCalls::open(
    std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol protocol, runtime::UpstreamObserver& observer) {
  auto call = std::make_shared<RootCall>(inbox_, observer, cluster, protocol);
  call->self = call;
  main_.run(call, [main = &main_, call, headers, last = end == abi::EndOfStream::Yes] {
    std::vector<ModuleHeader> list = module_headers(headers);
    main->start(call, list, last);
  });
  return std::unique_ptr<runtime::UpstreamStream>(std::make_unique<Handle>(main_, std::move(call)));
}

}  // namespace weir::envoy_plane
