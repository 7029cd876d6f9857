#pragma once
// For tests and fuzzers: carries a codec without a socket, and plays the parts around it.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "base/check.h"
#include "planes/serve/codec.h"
#include "planes/serve/exchange.h"

namespace weir::serve::test {

// Does for a codec what Connection does, with bytes in memory.
class MemoryCarrier final : public Carrier {
 public:
  void wake() override { woken_ = true; }

  // Hands the bytes over in pieces of `piece`, as if each were one read. Returns what the codec
  // sends. Not to be called once it has ended.
  std::string exchange(Codec& codec, std::string_view bytes, size_t piece) {
    std::string sent = settle(codec);
    while (!bytes.empty() && codec.wants_input()) {
      const auto room = input_.prepare();
      const size_t n = std::min({piece, bytes.size(), room.size()});
      std::memcpy(room.data(), bytes.data(), n);
      input_.commit(n);
      bytes.remove_prefix(n);
      sent += settle(codec);
    }
    return sent;
  }

  std::string settle(Codec& codec) {
    std::string sent;
    do {
      woken_ = false;
      while (codec.wants_input() && !input_.empty()) {
        const size_t before = input_.unread().size();
        codec.receive(input_);
        if (input_.unread().size() == before) break;
      }
      while (!codec.output().empty()) {
        sent += as_text(codec.output().take_front(SIZE_MAX).bytes());
      }
      codec.sent();
    } while (woken_);
    return sent;
  }

 private:
  ReadBuffer input_;
  bool woken_ = false;
};

// Answers every request with what it sends: headers by a few of their own, body by body, trailers
// by trailers, metadata by metadata. Checks that messages come as MessageSink says.
class EchoExchange final : public Exchange {
 public:
  explicit EchoExchange(ClientStream& client) : client_(client) {}

  void headers(HeaderList headers, EndOfStream end) override {
    WEIR_CHECK(state_ == State::Head);
    WEIR_CHECK(headers.find(":method") && headers.find(":path"));
    state_ = end == EndOfStream::Yes ? State::Ended : State::Body;
    HeaderList response{{":status", "200"}};
    for (size_t i = 0; i < headers.count(); ++i) {
      const auto name = headers.name(i);
      if (name.starts_with("x-")) static_cast<void>(response.add(name, headers.value(i)));
    }
    const auto path = headers.find(":path").value_or("");
    if (path.starts_with("/abort")) return client_.abort("asked for");
    if (path.starts_with("/pause")) {
      client_.pause();
      client_.resume();
    }
    if (path.starts_with("/refuse")) {
      client_.headers({{":status", "401"}, {"content-length", "2"}}, EndOfStream::No);
      Body body;
      body.append_copy(as_bytes("no"));
      client_.data(std::move(body), EndOfStream::Yes);
      answered_ = true;
      return;
    }
    if (path.starts_with("/early")) end = EndOfStream::Yes;
    if (path.starts_with("/silent")) {
      answered_ = true;
      return;
    }
    client_.headers(std::move(response), end);
    answered_ = end == EndOfStream::Yes;
  }
  void data(Body data, EndOfStream end) override {
    WEIR_CHECK(state_ == State::Body);
    if (end == EndOfStream::Yes) state_ = State::Ended;
    if (!answered_) client_.data(std::move(data), end);
  }
  void trailers(HeaderList trailers) override {
    WEIR_CHECK(state_ == State::Body && !trailers.empty());
    state_ = State::Ended;
    if (!answered_) client_.trailers(std::move(trailers));
  }
  void metadata(HeaderList metadata) override {
    WEIR_CHECK(state_ == State::Body && !metadata.empty());
    if (!answered_) client_.metadata(std::move(metadata));
  }
  void abort(std::string_view) override {
    WEIR_CHECK(state_ == State::Body);
    state_ = State::Ended;
  }
  void pause() override {}
  void resume() override {}
  void closed() override { delete this; }

 private:
  enum class State : uint8_t { Head, Body, Ended };

  ClientStream& client_;
  State state_ = State::Head;
  bool answered_ = false;
};

class EchoFactory final : public ExchangeFactory {
 public:
  Exchange& make_exchange(ClientStream& client) override { return *new EchoExchange(client); }
};

}  // namespace weir::serve::test
