#include "planes/serve/replay.h"

namespace weir::serve {
namespace {

void append_shared(Body& to, const Body& from) {
  for (const Slice& slice : from.slices()) to.append(slice);
}

}  // namespace

void Replay::headers(const HeaderList& headers, EndOfStream end) {
  headers_ = headers;
  complete_ = end == EndOfStream::Yes;
}

void Replay::data(const Body& data, EndOfStream end) {
  complete_ = end == EndOfStream::Yes;
  if (too_large_) return;
  too_large_ = body_.size() + data.size() > max_body_;
  if (too_large_) {
    body_ = Body();
  } else {
    append_shared(body_, data);
  }
}

void Replay::trailers(const HeaderList& trailers) {
  trailers_ = trailers;
  complete_ = true;
}

void Replay::send(MessageSink& to) const {
  const bool ends_with_data = !trailers_;
  const bool ends_with_headers = ends_with_data && body_.empty();
  to.headers(headers_, ends_with_headers ? EndOfStream::Yes : EndOfStream::No);
  if (ends_with_headers) return;
  if (!body_.empty()) {
    Body body;
    append_shared(body, body_);
    to.data(std::move(body), ends_with_data ? EndOfStream::Yes : EndOfStream::No);
  }
  if (trailers_) to.trailers(*trailers_);
}

}  // namespace weir::serve
