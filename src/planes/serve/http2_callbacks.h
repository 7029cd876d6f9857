#pragma once
// What nghttp2 calls while a session receives and sends, in C's shape.

#include <nghttp2/nghttp2.h>

#include <string_view>

#include "planes/serve/http2_bytes.h"
#include "planes/serve/http2_session.h"

namespace weir::serve {

// What a PING carries that asks whether the peer is there.
inline constexpr std::string_view kKeepaliveData = "anybody?";

// They fail the session for a flood alone: what is wrong with one stream resets that stream.
struct Http2Session::Callbacks {
  // All of them; the caller deletes the result.
  static nghttp2_session_callbacks* make();

  static int on_begin_frame(nghttp2_session* raw, const nghttp2_frame_hd* head, void* session);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* session);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t flags,
                       void* session);
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                               size_t name_size, const uint8_t* value, size_t value_size,
                               uint8_t flags, void* session);
  static int on_data_chunk(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data,
                           size_t size, void* session);
  static int on_frame(nghttp2_session* raw, const nghttp2_frame* frame, void* session);
  static int on_frame_sent(nghttp2_session* raw, const nghttp2_frame* frame, void* session);
  static int on_invalid_frame(nghttp2_session* raw, const nghttp2_frame*, int error, void* session);
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error,
                               void* session);
  static int on_extension_chunk(nghttp2_session*, const nghttp2_frame_hd* head, const uint8_t* data,
                                size_t size, void* session);
  static int on_extension(nghttp2_session*, void** payload, const nghttp2_frame_hd* head,
                          void* session);
  static ssize_t write_extension(nghttp2_session*, uint8_t* into, size_t most,
                                 const nghttp2_frame* frame, void* session);
  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t error, void* session);
  static ssize_t read_data(nghttp2_session*, int32_t id, uint8_t* into, size_t most,
                           uint32_t* flags, nghttp2_data_source* source, void* session);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                       nghttp2_data_source* source, void* session);

 private:
  static void forget_metadata(Http2Session& self, const nghttp2_frame& frame);
  static Http2Session& self(void* session) { return *static_cast<Http2Session*>(session); }
};

}  // namespace weir::serve
