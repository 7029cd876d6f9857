#pragma once
// What has left the plugins of one direction, until the server takes it.

#include <optional>

#include "planes/serve/message.h"

namespace weir::ats_plane {

// Part of a Transaction. Thread: the transaction's.
class MessageOut final : public serve::MessageSink {
 public:
  // Null: they have not left.
  const abi::HeaderList* header_list() const { return headers_ ? &*headers_ : nullptr; }
  bool ended() const { return ended_; }
  serve::Body& body() { return body_; }

  // Another message takes this one's place.
  void clear() {
    headers_.reset();
    static_cast<void>(body_.take_all());
    ended_ = false;
  }

  // serve::MessageSink
  void headers(serve::HeaderList headers, serve::EndOfStream end) override {
    headers_ = std::move(headers);
    ended_ = end == serve::EndOfStream::Yes;
  }
  void data(serve::Body data, serve::EndOfStream end) override {
    body_.append(std::move(data));
    ended_ = end == serve::EndOfStream::Yes;
  }
  // The server's API has no trailers.
  void trailers(serve::HeaderList) override { ended_ = true; }
  void abort(std::string_view) override { ended_ = true; }

 private:
  std::optional<serve::HeaderList> headers_;
  serve::Body body_;
  bool ended_ = false;
};

}  // namespace weir::ats_plane
