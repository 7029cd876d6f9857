#include "planes/serve/http2_callbacks.h"

#include <algorithm>

#include "base/check.h"

namespace weir::serve {
namespace {

// As in Envoy (overload.premature_reset_min_stream_lifetime_seconds).
constexpr Milliseconds kEarlyReset{1'000};

bool is_acknowledgement(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
}

EndOfStream end_of(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? EndOfStream::Yes : EndOfStream::No;
}

}  // namespace

nghttp2_session_callbacks* Http2Session::Callbacks::make() {
  nghttp2_session_callbacks* callbacks = nullptr;
  WEIR_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
  nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks, on_extension_chunk);
  nghttp2_session_callbacks_set_unpack_extension_callback(callbacks, on_extension);
  nghttp2_session_callbacks_set_pack_extension_callback(callbacks, write_extension);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
  return callbacks;
}

int Http2Session::Callbacks::on_begin_frame(nghttp2_session* raw, const nghttp2_frame_hd* head,
                                            void* session) {
  Http2Session& self = Callbacks::self(session);
  // RFC 9113, section 6.3; nghttp2 does not look at what it has told peers not to send.
  if (head->type == NGHTTP2_PRIORITY && head->stream_id == 0) {
    nghttp2_session_terminate_session(raw, NGHTTP2_PROTOCOL_ERROR);
  }
  self.keepalive_.on_frame();
  return self.take_in(self.guard_.received_frame(head->type, head->flags, head->length));
}

int Http2Session::Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame,
                                              void* session) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Http2Session& self = Callbacks::self(session);
  self.begin_fields(frame->hd.stream_id, frame->headers.cat == NGHTTP2_HCAT_REQUEST);
  if ((frame->hd.flags & NGHTTP2_FLAG_PADDED) == 0) return 0;
  return self.take_in(self.guard_.received_padding(frame->hd.length, frame->headers.padlen,
                                                   end_of(*frame) == EndOfStream::Yes));
}

int Http2Session::Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                       const uint8_t* name, size_t name_size, const uint8_t* value,
                                       size_t value_size, uint8_t, void* session) {
  Http2Session& self = Callbacks::self(session);
  Http2Stream* const stream = self.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  self.take_field(*stream, nghttp2_text(name, name_size), nghttp2_text(value, value_size));
  return self.take_in(
      self.guard_.received_field(name_size + value_size, self.options_.max_header_bytes));
}

// Without it nghttp2 would leave the field out and take the rest.
int Http2Session::Callbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*,
                                               const uint8_t*, size_t, const uint8_t*, size_t,
                                               uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2Session::Callbacks::on_data_chunk(nghttp2_session*, uint8_t, int32_t id,
                                           const uint8_t* data, size_t size, void* session) {
  Http2Stream* const stream = self(session).find(id);
  if (stream != nullptr) self(session).take_data(*stream, as_bytes(nghttp2_text(data, size)));
  return 0;
}

int Http2Session::Callbacks::on_frame(nghttp2_session* raw, const nghttp2_frame* frame,
                                      void* session) {
  Http2Session& self = Callbacks::self(session);
  Http2Stream* const stream = self.find(frame->hd.stream_id);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (stream != nullptr) self.finish_fields(*stream, end_of(*frame));
      break;
    case NGHTTP2_DATA:
      if (stream != nullptr && end_of(*frame) == EndOfStream::Yes) {
        self.pass_data(*stream, EndOfStream::Yes);
      }
      if ((frame->hd.flags & NGHTTP2_FLAG_PADDED) == 0) break;
      return self.take_in(self.guard_.received_padding(frame->hd.length, frame->data.padlen,
                                                       end_of(*frame) == EndOfStream::Yes));
    case NGHTTP2_SETTINGS:
      if (is_acknowledgement(*frame)) break;
      self.take_settings({frame->settings.iv, frame->settings.niv});
      break;
    case NGHTTP2_RST_STREAM:
      self.stats_.received_resets.add();
      break;
    case NGHTTP2_PING:
      if (!is_acknowledgement(*frame)) break;
      if (nghttp2_text(frame->ping.opaque_data, kKeepaliveData.size()) == kKeepaliveData) {
        self.keepalive_.on_answer();
      } else if (self.shutting_down_) {
        // The peer has seen the notice of shut_down(): what it opened before has arrived.
        nghttp2_submit_goaway(raw, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(raw),
                              NGHTTP2_NO_ERROR, nullptr, 0);
      }
      break;
    default:
      break;
  }
  return 0;
}

int Http2Session::Callbacks::on_invalid_frame(nghttp2_session* raw, const nghttp2_frame* frame,
                                              int error, void* session) {
  Http2Session& self = Callbacks::self(session);
  if (error != NGHTTP2_ERR_HTTP_HEADER && error != NGHTTP2_ERR_HTTP_MESSAGING) return 0;
  if (Http2Stream* const stream = self.find(frame->hd.stream_id)) stream->malformed_ = true;
  self.stats_.messaging_errors.add();
  if (!self.options_.http2.stream_error_on_invalid_message) {
    nghttp2_session_terminate_session(raw, NGHTTP2_PROTOCOL_ERROR);
  }
  return 0;
}

void Http2Session::Callbacks::forget_metadata(Http2Session& self, const nghttp2_frame& frame) {
  if (self.queued_messages_ > 0) --self.queued_messages_;
  self.metadata_out_.drop(*static_cast<const Http2MetadataQueue::Frame*>(frame.ext.payload));
}

int Http2Session::Callbacks::on_extension_chunk(nghttp2_session*, const nghttp2_frame_hd* head,
                                                const uint8_t* data, size_t size, void* session) {
  return self(session).take_metadata(head->stream_id, nghttp2_text(data, size));
}

int Http2Session::Callbacks::on_extension(nghttp2_session*, void**, const nghttp2_frame_hd* head,
                                          void* session) {
  return self(session).finish_metadata(head->stream_id,
                                       (head->flags & http2_metadata::kEndFlag) != 0);
}

ssize_t Http2Session::Callbacks::write_extension(nghttp2_session*, uint8_t* into, size_t most,
                                                 const nghttp2_frame* frame, void* session) {
  const auto& made = *static_cast<const Http2MetadataQueue::Frame*>(frame->ext.payload);
  if (self(session).find(made.stream_id) == nullptr) return NGHTTP2_ERR_CANCEL;
  WEIR_CHECK(made.payload.size() <= most);
  std::ranges::copy(as_bytes(made.payload), reinterpret_cast<std::byte*>(into));
  return static_cast<ssize_t>(made.payload.size());
}

int Http2Session::Callbacks::on_frame_sent(nghttp2_session* raw, const nghttp2_frame* frame,
                                           void* session) {
  Http2Session& self = Callbacks::self(session);
  ++self.written_frames_;
  switch (frame->hd.type) {
    case NGHTTP2_DATA:
      self.guard_.sent_data();
      break;
    case NGHTTP2_HEADERS:
      if (self.queued_messages_ > 0) --self.queued_messages_;
      self.note_head_sent(frame->hd.stream_id);
      break;
    case http2_metadata::kFrameType:
      forget_metadata(self, *frame);
      return 0;
    case NGHTTP2_RST_STREAM:
      ++self.written_controls_;
      self.stats_.sent_resets.add();
      return 0;
    case NGHTTP2_GOAWAY:
      ++self.written_controls_;
      if (frame->goaway.error_code == NGHTTP2_NO_ERROR) return 0;
      self.stats_.sent_goaways.add();
      self.failed_ = true;
      return 0;
    default:
      ++self.written_controls_;
      return 0;
  }
  if (self.role_ != Role::Server || end_of(*frame) == EndOfStream::No) return 0;
  // The response is complete: the rest of the request is not wanted (RFC 9113, section 8.1).
  if (nghttp2_session_get_stream_remote_close(raw, frame->hd.stream_id) == 0) {
    nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Session::Callbacks::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int,
                                               void* session) {
  Http2Session& self = Callbacks::self(session);
  if (frame->hd.type == http2_metadata::kFrameType) forget_metadata(self, *frame);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (self.queued_messages_ > 0) --self.queued_messages_;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Stream* const stream = self.find(frame->hd.stream_id);
  if (stream != nullptr) stream->unsent_ = true;
  return 0;
}

int Http2Session::Callbacks::on_stream_close(nghttp2_session*, int32_t id, uint32_t error,
                                             void* session) {
  Http2Session& self = Callbacks::self(session);
  Http2Stream* const stream = self.find(id);
  if (stream == nullptr) return 0;
  const bool early =
      error != NGHTTP2_NO_ERROR && !stream->answered_ && self.now_ - stream->opened_ <= kEarlyReset;
  self.note_closed(*stream, error);
  // Whoever reset it: the peer can make us do so, by a fault in each request.
  if (self.role_ == Role::Server && !self.guard_.closed_request(early)) self.flooded_ = true;
  return 0;
}

ssize_t Http2Session::Callbacks::read_data(nghttp2_session*, int32_t, uint8_t*, size_t most,
                                           uint32_t* flags, nghttp2_data_source* source,
                                           void* session) {
  return self(session).read_output(*static_cast<Http2Stream*>(source->ptr), most, *flags);
}

int Http2Session::Callbacks::send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head,
                                       size_t size, nghttp2_data_source* source, void* session) {
  constexpr size_t kFrameHead = 9;
  self(session).write_data_frame(*static_cast<Http2Stream*>(source->ptr),
                                 as_bytes(nghttp2_text(head, kFrameHead)), size);
  return 0;
}

}  // namespace weir::serve
