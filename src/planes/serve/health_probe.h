#pragma once
// One question to one endpoint, whether it is well.

#include <functional>
#include <memory>
#include <string>

#include "planes/serve/connection.h"
#include "planes/serve/raw_codec.h"
#include "planes/serve/upstream_codec.h"

namespace weir::serve {

// Asks on a connection of its own, which nothing is counted of. Destroying it gives the question
// up. Thread: its worker's.
class HealthProbe final : private ConnectionOwner, private UpstreamEvents, private RawEvents {
 public:
  enum class Outcome : uint8_t {
    Passed,
    Failed,   // no answer
    Refused,  // an answer that says that it is not well
  };
  // Called once, from the event loop; may destroy the probe.
  using Done = std::function<void(Outcome)>;

  // All but `done` outlive it.
  HealthProbe(asio::io_context& io, const asio::ip::tcp::endpoint& address,
              const ClusterSettings& settings, const config::HealthCheck& check, Done done);
  ~HealthProbe();

  void start();

 private:
  class Securing;

  // ConnectionOwner
  std::unique_ptr<Codec> choose_codec(Connection& connection, ReadBuffer& input) override;
  void on_settled(Connection& connection) override;
  void on_closed(Connection& connection) override;

  // UpstreamEvents
  void on_headers(HeaderList headers, EndOfStream) override;
  void on_interim_headers(HeaderList) override {}
  void on_data(Body, EndOfStream) override {}
  void on_trailers(HeaderList) override {}
  void on_broken(Break, std::string_view) override;
  void on_backlog(bool) override {}

  // RawEvents
  void on_data(Body data) override;
  void on_end() override { finish(Outcome::Failed); }
  void on_sent() override {}
  void on_closed(Disconnect, std::string_view) override { finish(Outcome::Failed); }

  void on_connected();
  std::unique_ptr<Codec> make_codec(Connection& connection);
  void ask();
  bool expects(std::string_view status) const;
  // Later: this may be inside a codec.
  void finish(Outcome outcome);

  const asio::ip::tcp::endpoint address_;
  const ClusterSettings& settings_;
  const config::HealthCheck& check_;
  const Done done_;
  TcpSocket socket_;
  Timer deadline_;
  ClusterStats stats_;
  std::shared_ptr<Connection> connection_;
  UpstreamCodec* http_ = nullptr;     // the connection's
  RawCodec* raw_ = nullptr;           // likewise
  UpstreamStream* stream_ = nullptr;  // the request's
  std::string received_;              // by TCP, and not matched yet
  size_t matched_ = 0;                // of what is to be received
  bool asked_ = false;
  bool finished_ = false;
  // Handlers that come after the end find it expired.
  std::shared_ptr<HealthProbe*> self_ = std::make_shared<HealthProbe*>(this);
};

}  // namespace weir::serve
