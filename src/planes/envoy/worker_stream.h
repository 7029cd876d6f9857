#pragma once
// What a worker has to know of the streams and connections on it.

#include <memory>

#include "planes/envoy/waker.h"
#include "runtime/upstream.h"

namespace weir::envoy_plane {

class StatsTable;

// A request or a connection, as one filter of this module sees it. What a plugin asks of Envoy that
// could run other filters or end the stream is noted, and done by settle(): in the same event, but
// when no guest runs. Made and ended by Envoy, on its worker's thread.
class WorkerStream {
 public:
  explicit WorkerStream(StatsTable* stats) : stats_(stats) {}
  virtual ~WorkerStream() = default;
  WorkerStream(const WorkerStream&) = delete;
  WorkerStream& operator=(const WorkerStream&) = delete;

  // There is something for settle(). Nothing happens where Envoy has destroyed the stream.
  virtual void note() = 0;
  // Does what was noted. Any of it may destroy the stream in Envoy.
  virtual void settle() = 0;
  // Ends what is left of the plugin's context.
  virtual void end() = 0;

  // The plugin that it waits for is here, or is not coming for now; or is still awaited, where the
  // news was of another.
  virtual void on_plugin_settled() = 0;

  // Whether a call can be the stream's: it will go on for a while, and Envoy has the means.
  virtual bool may_call(runtime::Protocol) const = 0;
  virtual Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open_call(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream,
      runtime::UpstreamObserver& observer) = 0;

  // The worker's thread can be woken through the stream as long as Envoy has not destroyed it.
  virtual std::unique_ptr<Waker> make_waker() = 0;

  // Of its configuration. Null: it has none of its own.
  StatsTable* stats() const { return stats_; }

  // The list of a worker's streams, by its first.
  void link(WorkerStream*& first) {
    next_ = first;
    if (first != nullptr) first->previous_ = this;
    first = this;
  }
  void unlink(WorkerStream*& first) {
    (previous_ == nullptr ? first : previous_->next_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  StatsTable* stats_;
  WorkerStream* next_ = nullptr;
  WorkerStream* previous_ = nullptr;
};

}  // namespace weir::envoy_plane
