#pragma once
// Takes the body out of chunked coding (RFC 9112, section 7.1): the server gives the body of a
// chunked request to a transformation as it came.

#include <cstdint>
#include <string_view>

#include "planes/serve/body.h"

namespace weir::ats_plane {

// The server has checked the framing before; what is malformed all the same ends the body as
// broken.
class ChunkedBody {
 public:
  enum class State : uint8_t { Open, Ended, Broken };

  // Appends what `bytes` hold of the body to `into`. Bytes behind the end are left alone.
  State take(std::string_view bytes, serve::Body& into);

  State state() const { return state_; }

 private:
  enum class Part : uint8_t { Size, Extension, Data, DataEnd, Trailer, TrailerLine };

  // One character of anything but data.
  void take_framing(char c);

  State state_ = State::Open;
  Part part_ = Part::Size;
  uint64_t size_ = 0;  // of the chunk: what is left of it
  int size_digits_ = 0;
};

}  // namespace weir::ats_plane
