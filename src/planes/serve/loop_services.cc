#include "planes/serve/loop_services.h"

#include <boost/asio/post.hpp>

#include "planes/serve/net.h"

namespace weir::serve {
namespace {

class LoopTimer final : public runtime::Timer {
 public:
  LoopTimer(asio::io_context& io, std::function<void()> on_expiry)
      : timer_(io), state_(std::make_shared<State>(State{std::move(on_expiry)})) {}

  ~LoopTimer() override { ++state_->starts; }

  void start(Milliseconds delay) override {
    timer_.expires_after(delay);
    timer_.async_wait([state = state_, mine = ++state_->starts](const error_code& error) {
      // An expiry may be on its way already when the timer is stopped, started again or destroyed.
      if (!error && state->starts == mine) state->on_expiry();
    });
  }
  void stop() override {
    ++state_->starts;
    timer_.cancel();
  }

 private:
  // Outlives the timer while an expiry is on its way, or runs.
  struct State {
    std::function<void()> on_expiry;
    uint64_t starts = 0;  // counts what makes earlier expiries void
  };

  serve::Timer timer_;
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<runtime::Timer> LoopServices::make_timer(std::function<void()> on_expiry) {
  return std::make_unique<LoopTimer>(io_, std::move(on_expiry));
}

bool LoopServices::resolve(std::string host,
                           std::function<void(std::vector<std::string>)> on_resolved) {
  auto resolver = std::make_shared<TcpResolver>(io_);
  resolver->async_resolve(host, "",
                          // Kept until the answer is there.
                          [resolver, on_resolved = std::move(on_resolved)](
                              const error_code& error, const TcpResolver::results_type& found) {
                            std::vector<std::string> addresses;
                            if (!error) {
                              for (const auto& entry : found)
                                addresses.push_back(to_text(entry.endpoint()));
                            }
                            on_resolved(std::move(addresses));
                          });
  return true;
}

void LoopServices::post(std::function<void()> task) { asio::post(io_, std::move(task)); }

}  // namespace weir::serve
