#include "planes/serve/filtered_codec.h"

#include <algorithm>
#include <cstring>

namespace weir::serve {

using runtime::Direction;

namespace {

// What the inner codec may have waiting here before it is left to wait itself.
constexpr uint64_t kOutputLimit = 256 * 1024;

// Thread: its worker's.
class FilteredCodec final : public Codec, private FilteredBytes {
 public:
  FilteredCodec(const FilteredParts& parts, const ClientConnection& client, CodecFactory& inner,
                std::span<const MakeNetworkContext> plugins)
      : codecs_(inner),
        client_(client),
        buffer_limit_(parts.buffer_limit),
        connection_(&FilteredConnection::make(parts, client.info, *this, plugins)) {
    connection_->chain().start();
  }

  // Codec
  void receive(ReadBuffer& input) override {
    Body data;
    data.append(input.slice_of(input.unread()));
    input.consume(input.unread().size());
    if (closing_) return;
    connection_->chain().data(Direction::Request, std::move(data), EndOfStream::No);
    pump();
  }
  bool wants_input() const override {
    if (closing_) return true;  // and drops it
    return !connection_->chain().holds_back(Direction::Request) &&
           input_.unread().size() <= buffer_limit_ && (inner_ == nullptr || inner_->wants_input());
  }
  void disconnected(Disconnect how, std::string_view reason) override {
    closing_ = true;
    if (inner_ != nullptr) inner_->disconnected(how, reason);
    std::exchange(connection_, nullptr)->on_disconnected(how);
  }
  Body& output() override {
    pump();
    // A plugin's callback, or the end of an exchange, may make more.
    while (!closing_ && inner_ != nullptr && output_.size() < kOutputLimit &&
           !connection_->chain().holds_back(Direction::Response)) {
      Body made = inner_->output().take_all();
      inner_->sent();
      if (made.empty()) break;
      connection_->chain().data(Direction::Response, std::move(made), EndOfStream::No);
      pump();
    }
    return output_;
  }
  void sent() override {
    if (inner_ != nullptr && !closing_) inner_->sent();
  }
  Ending ending() const override {
    if (connection_ == nullptr) return Ending::Close;
    if (closing_) return Ending::Linger;
    if (inner_ == nullptr) return Ending::Open;
    // The end of what was said is on its way still.
    const bool waits =
        !inner_->output().empty() || connection_->chain().holds_any(Direction::Response);
    return waits ? Ending::Open : inner_->ending();
  }
  void drain() override {
    if (inner_ == nullptr) return close(false);
    inner_->drain();
  }
  void drain_after_next() override {
    if (inner_ != nullptr) return inner_->drain_after_next();
    drain_inner_ = true;
  }
  size_t active() const override { return inner_ == nullptr ? 0 : inner_->active(); }
  bool inside_head() const override { return inner_ != nullptr && inner_->inside_head(); }
  bool watches_itself() const override { return inner_ != nullptr && inner_->watches_itself(); }
  ConnectionTimeouts timeouts(const ConnectionTimeouts& usual) const override {
    return inner_ == nullptr ? usual : inner_->timeouts(usual);
  }
  void head_timed_out() override {
    if (inner_ != nullptr) inner_->head_timed_out();
  }
  void sweep(CoarseTime now) override {
    if (inner_ != nullptr) inner_->sweep(now);
  }

 private:
  // FilteredBytes
  void take_input(Body data) override {
    for (const Slice& slice : data.slices()) {
      for (Bytes rest = slice.bytes(); !rest.empty();) {
        const auto room = input_.prepare();
        const size_t n = std::min(room.size(), rest.size());
        std::memcpy(room.data(), rest.data(), n);
        input_.commit(n);
        rest = rest.subspan(n);
      }
    }
    client_.carrier.wake();
  }
  void take_output(Body data) override {
    output_.append(std::move(data));
    client_.carrier.wake();
  }
  void close(bool at_once) override {
    closing_ = true;
    if (at_once) static_cast<void>(output_.take_all());
    client_.carrier.wake();
  }
  void wake() override { client_.carrier.wake(); }

  // Brings the inner codec what has passed the plugins.
  void pump() {
    if (closing_ || input_.empty()) return;
    if (inner_ == nullptr) {
      inner_ = codecs_.make_codec(client_, input_);
      if (inner_ != nullptr && drain_inner_) inner_->drain_after_next();
    }
    while (inner_ != nullptr && inner_->wants_input() && !input_.empty()) {
      const size_t before = input_.unread().size();
      inner_->receive(input_);
      if (input_.unread().size() == before) break;
    }
  }

  CodecFactory& codecs_;
  const ClientConnection client_;
  const uint64_t buffer_limit_;
  std::unique_ptr<Codec> inner_;
  ReadBuffer input_;
  Body output_;
  bool closing_ = false;
  bool drain_inner_ = false;        // after its next request, once there is one
  FilteredConnection* connection_;  // null once disconnected
};

}  // namespace

std::unique_ptr<Codec> make_filtered_codec(const FilteredParts& parts,
                                           const ClientConnection& client, CodecFactory& inner,
                                           std::span<const MakeNetworkContext> plugins) {
  return std::make_unique<FilteredCodec>(parts, client, inner, plugins);
}

}  // namespace weir::serve
