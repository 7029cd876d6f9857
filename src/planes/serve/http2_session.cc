#include "planes/serve/http2_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "planes/common/field_rules.h"

namespace weir::serve {
namespace {

// As much is made ready for one write.
constexpr size_t kOutputBatch = 128 * 1024;

uint8_t* bytes_of(std::string_view text) {
  // nghttp2 copies it and does not write to it.
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

EndOfStream end_of(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? EndOfStream::Yes : EndOfStream::No;
}

}  // namespace

// The callbacks do not fail the session: what is wrong with one stream resets that stream.
struct Http2Session::Callbacks {
  static Http2Session& self(void* session) { return *static_cast<Http2Session*>(session); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* session) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    self(session).begin_fields(frame->hd.stream_id, frame->headers.cat == NGHTTP2_HCAT_REQUEST);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* session) {
    Http2Stream* const stream = self(session).find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    self(session).take_field(*stream, text_of(name, name_size), text_of(value, value_size));
    return 0;
  }

  // Without it nghttp2 would leave the field out and take the rest.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                               const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_data_chunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                           void* session) {
    Http2Stream* const stream = self(session).find(id);
    if (stream != nullptr) self(session).take_data(*stream, as_bytes(text_of(data, size)));
    return 0;
  }

  static int on_frame(nghttp2_session* raw, const nghttp2_frame* frame, void* session) {
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
          nghttp2_submit_goaway(raw, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(raw), NGHTTP2_NO_ERROR,
                                nullptr, 0);
        }
        break;
      default:
        break;
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session* raw, const nghttp2_frame* frame, void* session) {
    if (self(session).role_ != Role::Server) return 0;
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (end_of(*frame) == EndOfStream::No) return 0;
    // The response is complete: the rest of the request is not wanted (RFC 9113, section 8.1).
    if (nghttp2_session_get_stream_remote_close(raw, frame->hd.stream_id) == 0) {
      nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* session) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Http2Stream* const stream = self(session).find(frame->hd.stream_id);
    if (stream != nullptr) stream->unsent_ = true;
    return 0;
  }

  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t error, void* session) {
    Http2Stream* const stream = self(session).find(id);
    if (stream != nullptr) self(session).note_closed(*stream, error);
    return 0;
  }

  static ssize_t read_data(nghttp2_session*, int32_t, uint8_t*, size_t most, uint32_t* flags,
                           nghttp2_data_source* source, void* session) {
    return self(session).read_output(*static_cast<Http2Stream*>(source->ptr), most, *flags);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                       nghttp2_data_source* source, void* session) {
    constexpr size_t kFrameHead = 9;
    self(session).write_data_frame(*static_cast<Http2Stream*>(source->ptr),
                                   as_bytes(text_of(head, kFrameHead)), size);
    return 0;
  }
};

Http2Session::Http2Session(Role role, const Options& options, Carrier& carrier, Http2Events& events,
                           Counter& dropped_headers)
    : role_(role),
      options_(options),
      carrier_(carrier),
      events_(events),
      dropped_(dropped_headers) {
  nghttp2_session_callbacks* callbacks = nullptr;
  WEIR_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, Callbacks::on_invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data_chunk);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Callbacks::on_frame_not_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_stream_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_data);

  nghttp2_option* option = nullptr;
  WEIR_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);

  nghttp2_session* session = nullptr;
  const int made = role == Role::Server
                       ? nghttp2_session_server_new2(&session, callbacks, this, option)
                       : nghttp2_session_client_new2(&session, callbacks, this, option);
  WEIR_CHECK(made == 0);
  session_.reset(session);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const auto header_bytes = static_cast<uint32_t>(options.max_header_bytes);
  std::vector<nghttp2_settings_entry> settings{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_bytes}};
  if (role == Role::Server) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams});
    settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    if (options.extended_connect) {
      settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    }
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  WEIR_CHECK(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  WEIR_CHECK(nghttp2_session_set_local_window_size(
                 session, NGHTTP2_FLAG_NONE, 0,
                 static_cast<int32_t>(options.connection_window_bytes)) == 0);
  carrier_.wake();
}

Http2Session::~Http2Session() { WEIR_CHECK(open_.empty() && closed_.empty()); }

void Http2Session::receive(ReadBuffer& input) {
  input_ = &input;
  const Bytes unread = input.unread();
  const ssize_t n = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const uint8_t*>(unread.data()), unread.size());
  for (Http2Stream* stream : with_input_) {
    stream->input_listed_ = false;
    pass_data(*stream, EndOfStream::No);
  }
  with_input_.clear();
  input_ = nullptr;
  input.consume(unread.size());
  if (n < 0) fail();
  report_closed();
  carrier_.wake();
}

void Http2Session::fail() {
  ending_ = Ending::Close;
  carrier_.wake();
}

void Http2Session::disconnect() {
  ending_ = Ending::Close;
  output_.drop_front(output_.size());
  while (!open_.empty()) note_closed(*open_.back(), NGHTTP2_CANCEL);
  report_closed();
}

void Http2Session::shut_down() {
  if (!std::exchange(shutting_down_, true)) {
    if (role_ == Role::Server) {
      nghttp2_submit_shutdown_notice(session_.get());
      nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
    } else {
      nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
    }
  } else if (open_.empty()) {
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
  }
  carrier_.wake();
}

size_t Http2Session::capacity() const {
  if (shutting_down_ || ending_ != Ending::Open) return 0;
  if (nghttp2_session_check_request_allowed(session_.get()) == 0) return 0;
  const size_t most =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return most > open_.size() ? most - open_.size() : 0;
}

void Http2Session::track(Http2Stream& stream, int32_t id) {
  stream.id_ = id;
  stream.slot_ = open_.size();
  open_.push_back(&stream);
}

Http2Stream* Http2Session::find(int32_t id) const {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
}

void Http2Session::begin_fields(int32_t id, bool opens) {
  if (opens) {
    Http2Stream& opened = events_.on_opened();
    track(opened, id);
    nghttp2_session_set_stream_user_data(session_.get(), id, &opened);
  }
  Http2Stream* const stream = find(id);
  if (stream == nullptr) return;
  stream->fields_ =
      HeaderList({.max_bytes = options_.max_header_bytes, .max_count = options_.max_header_count});
  stream->fields_.reserve(kUsualHeaderBytes, kUsualHeaderCount);
  stream->cookies_.clear();
  stream->fields_too_large_ = false;
}

void Http2Session::take_field(Http2Stream& stream, std::string_view name, std::string_view value) {
  if (stream.closing_ || stream.fields_too_large_) return;
  if (stream.head_received_ && planes::is_forbidden_in_trailers(name)) return;
  if (name == "cookie") {
    // Sent in crumbs, for the sake of compression (RFC 9113, section 8.2.3).
    if (!stream.cookies_.empty()) stream.cookies_ += "; ";
    stream.cookies_ += value;
    stream.fields_too_large_ = stream.cookies_.size() > options_.max_header_bytes;
    return;
  }
  if (name == "host" && role_ == Role::Server && stream.fields_.find(":authority")) return;
  stream.fields_too_large_ = !stream.fields_.add(name, value);
}

void Http2Session::finish_fields(Http2Stream& stream, EndOfStream end) {
  if (stream.closing_) return;
  HeaderList fields = std::move(stream.fields_);
  if (!stream.cookies_.empty() && !fields.add("cookie", stream.cookies_)) {
    stream.fields_too_large_ = true;
  }
  if (stream.fields_too_large_) {
    stream.receiving_ended_ = true;
    return events_.on_oversized(stream);
  }
  if (stream.head_received_) {
    pass_data(stream, EndOfStream::No);
    if (stream.closing_) return;
    stream.receiving_ended_ = true;
    // Without a field that may be passed on they are just the end.
    if (fields.empty()) return events_.on_data(stream, Body(), EndOfStream::Yes);
    return events_.on_trailers(stream, std::move(fields));
  }
  const bool interim =
      role_ == Role::Client && fields.find(":status").value_or("").starts_with('1');
  stream.head_received_ = !interim;
  stream.receiving_ended_ = end == EndOfStream::Yes;
  events_.on_headers(stream, std::move(fields), end);
}

void Http2Session::take_data(Http2Stream& stream, Bytes bytes) {
  if (role_ == Role::Client) {
    // The streams of a connection have different clients: one that reads slowly must not hold the
    // others, so only its own window closes.
    nghttp2_session_consume_connection(session_.get(), bytes.size());
  }
  stream.input_.append(input_->slice_of(bytes));
  if (!std::exchange(stream.input_listed_, true)) with_input_.push_back(&stream);
}

void Http2Session::pass_data(Http2Stream& stream, EndOfStream end) {
  Body data = stream.input_.take_all();
  const size_t size = data.size();
  const bool wanted = !stream.closing_ && !stream.receiving_ended_;
  if (wanted && (size > 0 || end == EndOfStream::Yes)) {
    stream.receiving_ended_ = end == EndOfStream::Yes;
    events_.on_data(stream, std::move(data), end);
  }
  if (stream.paused_) {
    stream.unconsumed_ += size;
  } else {
    consume(stream, size);
  }
}

void Http2Session::consume(Http2Stream& stream, size_t n) {
  if (n == 0) return;
  if (role_ == Role::Client) {
    nghttp2_session_consume_stream(session_.get(), stream.id_, n);
  } else {
    nghttp2_session_consume(session_.get(), stream.id_, n);
  }
}

void Http2Session::set_paused(Http2Stream& stream, bool paused) {
  stream.paused_ = paused;
  if (paused || stream.closing_) return;
  consume(stream, std::exchange(stream.unconsumed_, 0));
  carrier_.wake();
}

void Http2Session::note_closed(Http2Stream& stream, uint32_t error) {
  stream.closing_ = true;
  if (stream.id_ >= 0) nghttp2_session_set_stream_user_data(session_.get(), stream.id_, nullptr);
  // What was held back on this stream is no longer held against the connection.
  if (role_ == Role::Server && stream.unconsumed_ > 0) {
    nghttp2_session_consume_connection(session_.get(), std::exchange(stream.unconsumed_, 0));
  }
  open_[stream.slot_] = open_.back();
  open_[stream.slot_]->slot_ = stream.slot_;
  open_.pop_back();
  const bool unprocessed = stream.unsent_ || error == NGHTTP2_REFUSED_STREAM;
  closed_.push_back({&stream, error, unprocessed});
}

bool Http2Session::send_request(Http2Stream& stream, const HeaderList& headers, EndOfStream end) {
  const auto scheme = headers.find(":scheme").value_or("http");
  const auto method = headers.find(":method");
  const auto path = headers.find(":path");
  const auto authority = headers.find(":authority");
  if (!method || !planes::is_valid_name(*method) || !path || !planes::is_valid_target(*path))
    return false;
  if (!planes::is_valid_target(scheme) || (authority && !planes::is_valid_target(*authority)))
    return false;

  fields_.clear();
  list_field(":method", *method);
  list_field(":scheme", scheme);
  if (authority) list_field(":authority", *authority);
  list_field(":path", *path);
  const auto length = planes::declared_length(headers);
  list_fields(headers, length && (end == EndOfStream::No || *length == 0));

  stream.sending_ended_ = end == EndOfStream::Yes;
  if (end == EndOfStream::No) stream.output_expected_ = length;
  const nghttp2_data_provider provider = provider_of(stream);
  const int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(),
                                            stream.sending_ended_ ? nullptr : &provider, &stream);
  if (id < 0) return false;
  track(stream, id);
  carrier_.wake();
  return true;
}

bool Http2Session::send_response(Http2Stream& stream, const HeaderList& headers, EndOfStream end,
                                 bool bodyless) {
  const auto status = headers.find(":status").value_or("");
  if (planes::parse_status(status).value_or(100) < 200) return false;
  if (stream.closing_) return true;

  fields_.clear();
  list_field(":status", status);
  const auto length = planes::declared_length(headers);
  list_fields(headers, length && (bodyless || end == EndOfStream::No || *length == 0));

  stream.sending_ended_ = end == EndOfStream::Yes;
  if (end == EndOfStream::No) stream.output_expected_ = length;
  const nghttp2_data_provider provider = provider_of(stream);
  nghttp2_submit_response(session_.get(), stream.id_, fields_.data(), fields_.size(),
                          stream.sending_ended_ ? nullptr : &provider);
  carrier_.wake();
  return true;
}

void Http2Session::send_interim(Http2Stream& stream, const HeaderList& headers) {
  const auto text = headers.find(":status").value_or("");
  const int status = planes::parse_status(text).value_or(0);
  if (stream.closing_ || status < 100 || status >= 200 || status == 101) return;
  fields_.clear();
  list_field(":status", text);
  list_fields(headers, false);
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields_.data(),
                         fields_.size(), nullptr);
  carrier_.wake();
}

void Http2Session::send_data(Http2Stream& stream, Body data, EndOfStream end) {
  if (stream.closing_ || stream.sending_ended_) return;
  if (stream.output_expected_) {
    const bool last = end == EndOfStream::Yes;
    if (data.size() > *stream.output_expected_ ||
        (last && data.size() != *stream.output_expected_)) {
      return reset(stream, NGHTTP2_INTERNAL_ERROR);
    }
    *stream.output_expected_ -= data.size();
  }
  stream.output_.append(std::move(data));
  stream.sending_ended_ = end == EndOfStream::Yes;
  resume_output(stream);
}

void Http2Session::send_trailers(Http2Stream& stream, HeaderList trailers) {
  if (stream.closing_ || stream.sending_ended_) return;
  if (stream.output_expected_.value_or(0) > 0) return reset(stream, NGHTTP2_INTERNAL_ERROR);
  stream.output_trailers_ = std::move(trailers);
  stream.sending_ended_ = true;
  resume_output(stream);
}

void Http2Session::resume_output(Http2Stream& stream) {
  if (std::exchange(stream.deferred_, false)) {
    nghttp2_session_resume_data(session_.get(), stream.id_);
  }
  carrier_.wake();
}

void Http2Session::reset(Http2Stream& stream, uint32_t error) {
  if (stream.closing_) return;
  stream.closing_ = true;
  stream.output_.drop_front(stream.output_.size());
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, error);
  carrier_.wake();
}

void Http2Session::list_fields(const HeaderList& headers, bool keep_length) {
  for (size_t i = 0; i < headers.count(); ++i) {
    const std::string_view name = headers.name(i);
    if (name.starts_with(':') || name == "host") continue;
    if (name == "content-length" && !keep_length) continue;
    if (planes::is_hop_by_hop(name) && !(name == "te" && headers.value(i) == "trailers")) continue;
    if (planes::is_valid_name(name) && planes::is_valid_value(headers.value(i))) {
      list_field(name, headers.value(i));
    } else {
      dropped_.add();
    }
  }
}

void Http2Session::list_field(std::string_view name, std::string_view value) {
  fields_.push_back({.name = bytes_of(name),
                     .value = bytes_of(value),
                     .namelen = name.size(),
                     .valuelen = value.size(),
                     .flags = NGHTTP2_NV_FLAG_NONE});
}

nghttp2_data_provider Http2Session::provider_of(Http2Stream& stream) {
  return {.source = {.ptr = &stream}, .read_callback = Callbacks::read_data};
}

ssize_t Http2Session::read_output(Http2Stream& stream, size_t most, uint32_t& flags) {
  const size_t n = std::min(most, static_cast<size_t>(stream.output_.size()));
  if (n == 0 && !stream.sending_ended_) {
    stream.deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!stream.sending_ended_ || n < stream.output_.size()) return static_cast<ssize_t>(n);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.output_trailers_) {
    fields_.clear();
    for (size_t i = 0; i < stream.output_trailers_->count(); ++i) {
      const auto name = stream.output_trailers_->name(i);
      const auto value = stream.output_trailers_->value(i);
      if (planes::is_forbidden_in_trailers(name)) continue;
      if (planes::is_valid_name(name) && planes::is_valid_value(value)) {
        list_field(name, value);
      } else {
        dropped_.add();
      }
    }
    if (!fields_.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      nghttp2_submit_trailer(session_.get(), stream.id_, fields_.data(), fields_.size());
    }
  }
  return static_cast<ssize_t>(n);
}

void Http2Session::write_data_frame(Http2Stream& stream, Bytes head, size_t size) {
  output_.append_copy(head);
  while (size > 0) {
    Slice part = stream.output_.take_front(size);
    size -= part.size();
    output_.append(std::move(part));
  }
  if (!std::exchange(stream.output_listed_, true)) with_output_.push_back(&stream);
}

Body& Http2Session::output() {
  if (!output_.empty()) return output_;
  while (output_.size() < kOutputBatch) {
    const uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_.get(), &data);
    if (n < 0) fail();
    if (n <= 0) break;
    output_.append_copy(as_bytes(text_of(data, static_cast<size_t>(n))));
  }
  return output_;
}

void Http2Session::sent() {
  report_sent();
  report_closed();
  if (ending_ == Ending::Open && output_.empty() &&
      nghttp2_session_want_read(session_.get()) == 0 &&
      nghttp2_session_want_write(session_.get()) == 0) {
    ending_ = Ending::Close;
    carrier_.wake();
  }
}

void Http2Session::report_sent() {
  for (Http2Stream* stream : with_output_) {
    stream->output_listed_ = false;
    if (!stream->closing_) events_.on_sent(*stream);
  }
  with_output_.clear();
}

void Http2Session::report_closed() {
  // An orderly end counts when its last bytes have been handed to the socket.
  const auto reportable = [&](const Closed& closed) {
    return closed.error != NGHTTP2_NO_ERROR || output_.empty();
  };
  for (size_t i = 0; i < closed_.size();) {
    if (!reportable(closed_[i])) {
      ++i;
      continue;
    }
    const Closed closed = closed_[i];
    closed_[i] = closed_.back();
    closed_.pop_back();
    if (closed.stream->output_listed_) std::erase(with_output_, closed.stream);
    if (closed.stream->input_listed_) std::erase(with_input_, closed.stream);
    events_.on_closed(*closed.stream, closed.error, closed.unprocessed);
  }
}

}  // namespace weir::serve
