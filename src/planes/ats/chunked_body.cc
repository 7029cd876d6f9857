#include "planes/ats/chunked_body.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hex.h"

namespace weir::ats_plane {
namespace {

// A chunk's size fits into 60 bits.
constexpr int kMaxSizeDigits = 15;

}  // namespace

ChunkedBody::State ChunkedBody::take(std::string_view bytes, serve::Body& into) {
  while (state_ == State::Open && !bytes.empty()) {
    if (part_ != Part::Data) {
      take_framing(bytes.front());
      bytes.remove_prefix(1);
      continue;
    }
    const size_t piece = static_cast<size_t>(std::min<uint64_t>(size_, bytes.size()));
    into.append_copy(as_bytes(bytes.substr(0, piece)));
    bytes.remove_prefix(piece);
    size_ -= piece;
    if (size_ == 0) part_ = Part::DataEnd;
  }
  return state_;
}

void ChunkedBody::take_framing(char c) {
  switch (part_) {
    case Part::Size:
      if (const int digit = hex_value(c); digit >= 0) {
        size_ = size_ * 16 + static_cast<uint64_t>(digit);
        if (++size_digits_ > kMaxSizeDigits) state_ = State::Broken;
        return;
      }
      if (size_digits_ == 0) {
        state_ = State::Broken;
        return;
      }
      part_ = Part::Extension;
      [[fallthrough]];
    case Part::Extension:
      if (c == '\n') part_ = size_ == 0 ? Part::Trailer : Part::Data;
      return;
    case Part::DataEnd:
      if (c == '\n') {
        part_ = Part::Size;
        size_digits_ = 0;
      } else if (c != '\r') {
        state_ = State::Broken;
      }
      return;
    case Part::Trailer:  // at the begin of a line; an empty one is the end
      if (c == '\n') {
        state_ = State::Ended;
      } else if (c != '\r') {
        part_ = Part::TrailerLine;
      }
      return;
    case Part::TrailerLine:
      if (c == '\n') part_ = Part::Trailer;
      return;
    case Part::Data:
      return;
  }
}

}  // namespace weir::ats_plane
