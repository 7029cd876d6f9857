#pragma once
// A gRPC call of a plugin, unary or a stream (ABI 0.2.1, "gRPC calls"), as gRPC over HTTP/2 on a
// plane's HTTP streams.

#include <memory>
#include <optional>
#include <string>

#include "abi/context.h"
#include "runtime/upstream.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class PluginContext;

// Owned by the root that made the call, which it tells of all that comes. Thread: the worker's.
class GrpcCall final : private UpstreamObserver {
 public:
  enum class Kind : uint8_t { Unary, Stream };

  // A message larger than this fails the call.
  static constexpr size_t kMaxMessageBytes = 16 << 20;
  // What may wait for an upstream that is slower than its guest.
  static constexpr size_t kMaxUnsentBytes = 32 << 20;

  GrpcCall(PluginContext& owner, uint32_t id, Kind kind) : owner_(owner), id_(id), kind_(kind) {}
  ~GrpcCall() { *alive_ = false; }

  // A unary call sends `message` and ends its side. OK; PARSE_FAILURE: there is no such upstream,
  // or the headers cannot be sent; INTERNAL_FAILURE: it cannot be reached. refusal() says why.
  abi::Status start(const abi::GrpcCallRequest& request, std::string_view message,
                    Milliseconds timeout);

  // Why it could not be started.
  std::string_view refusal() const { return refusal_; }

  // A stream's next message; nothing where it has ended its side. BAD_ARGUMENT: it is too large, or
  // too much waits already.
  abi::Status send(std::string_view message, abi::EndOfStream);

  // Ends the stream's own side.
  void close();

  uint32_t id() const { return id_; }
  Kind kind() const { return kind_; }

  // Bytes of messages that the upstream has not taken yet.
  size_t unsent_bytes() const { return stream_ ? stream_->unsent_bytes() : 0; }

 private:
  void on_headers(abi::HeaderList headers, abi::EndOfStream) override;
  void on_data(Bytes data, abi::EndOfStream) override;
  void on_trailers(abi::HeaderList trailers) override;
  void on_failure(std::string_view reason) override;
  void on_refusal(std::string_view upstream, std::string_view reason) override;

  abi::Status open(std::string_view upstream, const abi::HeaderList& headers);
  // Hands complete messages on. False: the call has ended, and this object is gone.
  bool take_messages();
  void end(uint32_t status, std::string message);
  // The end as `trailers` tell it (grpc-status, grpc-message).
  void end_with(const abi::HeaderList& trailers);

  PluginContext& owner_;
  uint32_t id_;
  Kind kind_;
  bool half_closed_ = false;
  uint32_t http_status_ = 0;
  std::string_view refusal_;
  std::string received_;  // of messages that are not complete
  std::optional<std::string> unary_message_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<UpstreamStream> stream_;
  // Cleared when this object goes: message callbacks may end the call.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The cluster that a guest names for a gRPC call: SDKs pass its name, or a serialized
// envoy.config.core.v3.GrpcService whose envoy_grpc.cluster_name is meant.
std::string grpc_upstream(std::string_view named);

}  // namespace weir::runtime
