#include "planes/serve/http2_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "planes/common/field_rules.h"
#include "planes/serve/http2_callbacks.h"

namespace weir::serve {
Http2Session::Http2Session(Role role, const Options& options, Carrier& carrier, Http2Events& events,
                           Counter& dropped_headers, Http2Stats& stats)
    : role_(role),
      options_(options),
      carrier_(carrier),
      events_(events),
      dropped_(dropped_headers),
      stats_(stats) {
  const config::Http2Options& http2 = options.http2;
  nghttp2_session_callbacks* const callbacks = Callbacks::make();

  nghttp2_option* option = nullptr;
  WEIR_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_stream_reset_rate_limit(option, http2.stream_reset_burst,
                                             http2.stream_reset_rate);
  nghttp2_option_set_max_deflate_dynamic_table_size(option, http2.hpack_table_bytes);
  if (http2.allow_metadata) {
    nghttp2_option_set_user_recv_extension_type(option, http2_metadata::kFrameType);
  }
  // The guard counts what waits, and knows more of it.
  nghttp2_option_set_max_outbound_ack(option, SIZE_MAX);

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
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, http2.hpack_table_bytes},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, http2.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_bytes}};
  if (role == Role::Server) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, http2.max_concurrent_streams});
    settings.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
    if (options.extended_connect) {
      settings.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    }
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  if (http2.allow_metadata) settings.push_back({http2_metadata::kEnableSetting, 1});
  WEIR_CHECK(
      nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  WEIR_CHECK(
      nghttp2_session_set_local_window_size(
          session, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(http2.connection_window_bytes)) == 0);
  carrier_.wake();
}

Http2Session::~Http2Session() { WEIR_CHECK(open_.empty() && closed_.empty()); }

void Http2Session::receive(ReadBuffer& input) {
  if (deaf_ || failed_ || ending_ != Ending::Open) {
    return input.consume(input.unread().size());
  }
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
  if (n < 0 || flooded_) fail(n);
  check_waiting();
  report_closed();
  carrier_.wake();
}

int Http2Session::take_in(bool allowed) {
  if (!allowed) flooded_ = true;
  return flooded_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void Http2Session::fail(ssize_t error) {
  carrier_.wake();
  deaf_ = true;
  // The peer is told why.
  if (flooded_ || error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (error == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
  } else {
    ending_ = Ending::Close;
  }
}

void Http2Session::check_waiting() {
  const size_t queued = nghttp2_session_get_outbound_queue_size(session_.get());
  const size_t controls = written_controls_ + queued - std::min(queued, queued_messages_);
  if (!guard_.waiting(written_frames_ + queued, controls)) drop();
}

void Http2Session::drop() {
  failed_ = true;
  output_.drop_front(output_.size());
  end_streams();
  ending_ = Ending::Close;
  carrier_.wake();
}

void Http2Session::end_streams() {
  while (!open_.empty()) note_closed(*open_.back(), NGHTTP2_CANCEL);
}

void Http2Session::disconnect() {
  ending_ = Ending::Close;
  output_.drop_front(output_.size());
  end_streams();
  report_closed();
}

void Http2Session::sweep(CoarseTime now) {
  if (std::exchange(now_, now) == CoarseTime{}) {
    for (Http2Stream* stream : open_) stream->opened_ = stream->moved_ = now;
  }
  if (ending_ != Ending::Open || failed_) return;
  check_waiting();  // what upstreams have added since the peer said something
  if (failed_) return;
  reset_stalled();
  switch (keepalive_.sweep(now)) {
    case Http2Keepalive::Action::None:
      break;
    case Http2Keepalive::Action::Ping:
      nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE,
                          reinterpret_cast<const uint8_t*>(kKeepaliveData.data()));
      carrier_.wake();
      break;
    case Http2Keepalive::Action::GiveUp:
      stats_.keepalive_timeouts.add();
      drop();
      break;
  }
}

// A peer that keeps a stream's window closed would have us hold its response for ever.
void Http2Session::reset_stalled() {
  if (options_.stall_timeout.count() == 0) return;
  for (Http2Stream* stream : open_) {
    if (stream->closing_ || stream->output_.empty()) continue;
    if (now_ - stream->moved_ <= options_.stall_timeout) continue;
    stats_.stalled_streams.add();
    reset(*stream, NGHTTP2_CANCEL);
  }
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

bool Http2Session::takes_requests() const {
  if (shutting_down_ || failed_ || ending_ != Ending::Open) return false;
  return nghttp2_session_check_request_allowed(session_.get()) != 0;
}

size_t Http2Session::capacity() const {
  if (!takes_requests()) return 0;
  const size_t most =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return most > open_.size() ? most - open_.size() : 0;
}

std::optional<bool> Http2Session::takes_extended_connect() const {
  if (!has_settings_) return std::nullopt;
  return nghttp2_session_get_remote_settings(session_.get(),
                                             NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void Http2Session::track(Http2Stream& stream, int32_t id) {
  guard_.opened_stream();
  stream.id_ = id;
  stream.opened_ = stream.moved_ = now_;
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
  guard_.began_header_block();
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
  backlog_ -= stream.output_.size();
  stream.output_.drop_front(stream.output_.size());
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

}  // namespace weir::serve
