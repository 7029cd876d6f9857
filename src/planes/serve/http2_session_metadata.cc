// METADATA of a session's streams, both ways.

#include <utility>

#include "planes/serve/http2_session.h"

namespace weir::serve {

int Http2Session::take_metadata(int32_t id, std::string_view payload) {
  Http2Stream* const stream = find(id);
  // That of the connection as a whole, and what comes late, concerns nobody.
  if (stream == nullptr || stream->closing_ || stream->receiving_ended_) return 0;
  if (stream->metadata_ == nullptr) {
    stream->metadata_ = std::make_unique<Http2MetadataReader>(Http2MetadataReader::Limits{
        .max_bytes = options_.http2.max_metadata_bytes, .max_count = options_.max_header_count});
  }
  if (!stream->metadata_->take(payload)) refuse_metadata(*stream, NGHTTP2_ENHANCE_YOUR_CALM);
  return 0;
}

int Http2Session::finish_metadata(int32_t id, bool ends_block) {
  Http2Stream* const stream = find(id);
  if (stream == nullptr || stream->closing_ || stream->receiving_ended_) return NGHTTP2_ERR_CANCEL;
  if (!ends_block) return NGHTTP2_ERR_CANCEL;
  if (stream->metadata_ == nullptr) {
    stats_.empty_metadata.add();
    return NGHTTP2_ERR_CANCEL;
  }
  HeaderList metadata;
  switch (stream->metadata_->finish(metadata)) {
    case Http2MetadataReader::Outcome::Malformed:
      refuse_metadata(*stream, NGHTTP2_COMPRESSION_ERROR);
      break;
    case Http2MetadataReader::Outcome::TooLarge:
      refuse_metadata(*stream, NGHTTP2_ENHANCE_YOUR_CALM);
      break;
    case Http2MetadataReader::Outcome::Read:
      pass_data(*stream, EndOfStream::No);
      if (stream->closing_) break;
      if (metadata.empty()) {
        stats_.empty_metadata.add();
      } else {
        events_.on_metadata(*stream, std::move(metadata));
      }
      break;
  }
  return NGHTTP2_ERR_CANCEL;
}

// Its blocks share no table with any other: the stream alone suffers.
void Http2Session::refuse_metadata(Http2Stream& stream, uint32_t error) {
  if (error == NGHTTP2_ENHANCE_YOUR_CALM) stats_.metadata_overflow.add();
  reset(stream, error);
}

void Http2Session::take_settings(std::span<const nghttp2_settings_entry> settings) {
  for (const nghttp2_settings_entry& entry : settings) {
    if (entry.settings_id == http2_metadata::kEnableSetting) {
      peer_refuses_metadata_ = entry.value == 0;
    }
  }
  has_settings_ = true;
  events_.on_settings();
}

void Http2Session::send_metadata(Http2Stream& stream, const HeaderList& metadata) {
  if (!options_.http2.allow_metadata || peer_refuses_metadata_ || stream.closing_) return;
  std::string block = encode_metadata(metadata);
  if (metadata_out_.bytes() + block.size() > options_.http2.max_metadata_bytes) {
    return stats_.metadata_overflow.add();
  }
  // A request begins with its headers; nghttp2 would send this before them.
  if (role_ == Role::Client && !stream.head_sent_) {
    return stream.early_metadata_.push_back(std::move(block));
  }
  submit_metadata(stream.id_, block);
  carrier_.wake();
}

void Http2Session::submit_metadata(int32_t id, std::string_view block) {
  do {
    const std::string_view payload = block.substr(0, http2_metadata::kMaxPayload);
    block.remove_prefix(payload.size());
    const uint8_t flags = block.empty() ? http2_metadata::kEndFlag : 0;
    Http2MetadataQueue::Frame& frame = metadata_out_.add(id, flags, std::string(payload));
    const int error =
        nghttp2_submit_extension(session_.get(), http2_metadata::kFrameType, flags, id, &frame);
    count_message(error);
    if (error != 0) metadata_out_.drop(frame);
  } while (!block.empty());
}

void Http2Session::note_head_sent(int32_t id) {
  Http2Stream* const stream = find(id);
  if (stream == nullptr || std::exchange(stream->head_sent_, true)) return;
  for (const std::string& block : std::exchange(stream->early_metadata_, {})) {
    submit_metadata(id, block);
  }
}

}  // namespace weir::serve
