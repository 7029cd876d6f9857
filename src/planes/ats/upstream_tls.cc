#include "planes/ats/upstream_tls.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weir::ats_plane {
namespace {

using Session = serve::TlsSession;

// Of one TLS record (RFC 8446, section 5.1).
constexpr size_t kRecordBytes = 16 * 1024;

void copy_into(serve::ReadBuffer& buffer, Bytes bytes) {
  while (!bytes.empty()) {
    const std::span<std::byte> room = buffer.prepare();
    const size_t n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    buffer.commit(n);
    bytes = bytes.subspan(n);
  }
}

}  // namespace

UpstreamTls::UpstreamTls(std::shared_ptr<const serve::TlsContext> context)
    : session_(std::move(context), stats_, output_, nullptr, {}) {
  shake_hands();
}

void UpstreamTls::shake_hands() {
  switch (session_.handshake()) {
    case Session::State::Done:
      state_ = State::Open;
      return encrypt();
    case Session::State::WantsInput:
      return;
    default:
      state_ = State::Failed;
  }
}

serve::Body UpstreamTls::receive(serve::Body bytes) {
  for (const serve::Slice& slice : bytes.slices()) copy_into(input_, slice.bytes());
  serve::Body plain;
  session_.set_input(&input_);
  if (state_ == State::Handshake) shake_hands();
  decrypt(plain);
  session_.set_input(nullptr);
  return plain;
}

void UpstreamTls::decrypt(serve::Body& into) {
  std::array<std::byte, kRecordBytes> record;
  while (state_ == State::Open && !input_ended_) {
    size_t n = 0;
    switch (session_.read(record, n)) {
      case Session::State::Done:
        into.append_copy(Bytes(record).first(n));
        break;
      case Session::State::WantsInput:
        return;
      case Session::State::Ended:
        input_ended_ = true;
        break;
      case Session::State::Failed:
        state_ = State::Failed;
        break;
    }
  }
}

void UpstreamTls::send(serve::Body data, abi::EndOfStream end) {
  unsent_.append(std::move(data));
  if (end == abi::EndOfStream::Yes) end_wanted_ = true;
  if (state_ == State::Open) encrypt();
}

void UpstreamTls::encrypt() {
  while (!unsent_.empty()) {
    const serve::Slice piece = unsent_.take_front(kRecordBytes);
    if (session_.write(piece.bytes()) == Session::State::Failed) {
      state_ = State::Failed;
      return;
    }
  }
  if (!end_wanted_ || std::exchange(output_ended_, true)) return;
  session_.end();
}

}  // namespace weir::ats_plane
