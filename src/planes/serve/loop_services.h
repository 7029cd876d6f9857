#pragma once
// A worker thread's event loop, as the runtime and the proxy's own parts use it.

#include <boost/asio/io_context.hpp>

#include "runtime/worker_services.h"

namespace weir::serve {

// Thread: the one that runs `io`, save post().
class LoopServices final : public runtime::WorkerServices {
 public:
  // Both outlive it; `upstreams` may be set later, before it is asked for.
  explicit LoopServices(boost::asio::io_context& io) : io_(io) {}

  void set_upstreams(runtime::Upstreams& upstreams) { upstreams_ = &upstreams; }

  runtime::Upstreams& upstreams() override { return *upstreams_; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  bool resolve(std::string host,
               std::function<void(std::vector<std::string>)> on_resolved) override;
  void post(std::function<void()> task) override;

 private:
  boost::asio::io_context& io_;
  runtime::Upstreams* upstreams_ = nullptr;
};

}  // namespace weir::serve
