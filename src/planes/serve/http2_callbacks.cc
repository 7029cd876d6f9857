#include "planes/serve/http2_callbacks.h"

#include "base/check.h"

namespace weir::serve {
namespace {

EndOfStream end_of(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? EndOfStream::Yes : EndOfStream::No;
}

}  // namespace

nghttp2_session_callbacks* Http2Session::Callbacks::make() {
  nghttp2_session_callbacks* callbacks = nullptr;
  WEIR_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
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

int Http2Session::Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame,
                                              void* session) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  self(session).begin_fields(frame->hd.stream_id, frame->headers.cat == NGHTTP2_HCAT_REQUEST);
  return 0;
}

int Http2Session::Callbacks::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                       const uint8_t* name, size_t name_size, const uint8_t* value,
                                       size_t value_size, uint8_t, void* session) {
  Http2Stream* const stream = self(session).find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  self(session).take_field(*stream, text_of(name, name_size), text_of(value, value_size));
  return 0;
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
  if (stream != nullptr) self(session).take_data(*stream, as_bytes(text_of(data, size)));
  return 0;
}

int Http2Session::Callbacks::on_frame(nghttp2_session* raw, const nghttp2_frame* frame,
                                      void* session) {
  Http2Stream* const stream = self(session).find(frame->hd.stream_id);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (stream != nullptr) self(session).finish_fields(*stream, end_of(*frame));
      break;
    case NGHTTP2_DATA:
      if (stream != nullptr && end_of(*frame) == EndOfStream::Yes) {
        self(session).pass_data(*stream, EndOfStream::Yes);
      }
      break;
    case NGHTTP2_PING:
      // The peer has seen the notice of shut_down(): what it opened before has arrived.
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && self(session).shutting_down_) {
        nghttp2_submit_goaway(raw, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(raw),
                              NGHTTP2_NO_ERROR, nullptr, 0);
      }
      break;
    default:
      break;
  }
  return 0;
}

int Http2Session::Callbacks::on_frame_sent(nghttp2_session* raw, const nghttp2_frame* frame,
                                           void* session) {
  if (self(session).role_ != Role::Server) return 0;
  if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (end_of(*frame) == EndOfStream::No) return 0;
  // The response is complete: the rest of the request is not wanted (RFC 9113, section 8.1).
  if (nghttp2_session_get_stream_remote_close(raw, frame->hd.stream_id) == 0) {
    nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int Http2Session::Callbacks::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int,
                                               void* session) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Stream* const stream = self(session).find(frame->hd.stream_id);
  if (stream != nullptr) stream->unsent_ = true;
  return 0;
}

int Http2Session::Callbacks::on_stream_close(nghttp2_session*, int32_t id, uint32_t error,
                                             void* session) {
  Http2Stream* const stream = self(session).find(id);
  if (stream != nullptr) self(session).note_closed(*stream, error);
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
                                 as_bytes(text_of(head, kFrameHead)), size);
  return 0;
}

}  // namespace weir::serve
