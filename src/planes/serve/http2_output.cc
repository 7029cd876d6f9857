// What a session sends.

#include <algorithm>
#include <utility>

#include "planes/common/field_rules.h"
#include "planes/serve/http2_callbacks.h"

namespace weir::serve {
namespace {

// As much is made ready for one write.
constexpr size_t kOutputBatch = 128 * 1024;

}  // namespace

// RFC 9113, section 8.3.1; a CONNECT has an authority alone (section 8.5), unless it names a
// protocol (RFC 8441, section 4).
bool Http2Session::list_target(const HeaderList& headers) {
  const auto method = headers.find(":method");
  const auto authority = headers.find(":authority");
  const auto protocol = headers.find(":protocol");
  const auto scheme = headers.find(":scheme").value_or("http");
  const auto path = headers.find(":path");
  const bool has_path = method != "CONNECT" || protocol;
  if (!method || !planes::is_valid_name(*method)) return false;
  if (authority && !planes::is_valid_target(*authority)) return false;
  if (protocol && !planes::is_valid_name(*protocol)) return false;
  if (has_path && (!path || !planes::is_valid_target(*path) || !planes::is_valid_target(scheme))) {
    return false;
  }
  list_field(":method", *method);
  if (protocol) list_field(":protocol", *protocol);
  if (has_path) list_field(":scheme", scheme);
  if (authority) list_field(":authority", *authority);
  if (has_path) list_field(":path", *path);
  return has_path || authority;
}

bool Http2Session::send_request(Http2Stream& stream, const HeaderList& headers, EndOfStream end) {
  fields_.clear();
  if (!list_target(headers)) return false;
  const auto length = planes::declared_length(headers);
  list_fields(headers, length && (end == EndOfStream::No || *length == 0));

  stream.sending_ended_ = end == EndOfStream::Yes;
  if (end == EndOfStream::No) stream.output_expected_ = length;
  const nghttp2_data_provider provider = provider_of(stream);
  const int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(),
                                            stream.sending_ended_ ? nullptr : &provider, &stream);
  if (id < 0) return false;
  ++queued_messages_;
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
  stream.answered_ = true;
  count_message(nghttp2_submit_response(session_.get(), stream.id_, fields_.data(), fields_.size(),
                                        stream.sending_ended_ ? nullptr : &provider));
  carrier_.wake();
  return true;
}

// `error`: what submitting it to nghttp2 has answered.
void Http2Session::count_message(int error) {
  if (error == 0) ++queued_messages_;
}

void Http2Session::send_interim(Http2Stream& stream, const HeaderList& headers) {
  const auto text = headers.find(":status").value_or("");
  const int status = planes::parse_status(text).value_or(0);
  if (stream.closing_ || status < 100 || status >= 200 || status == 101) return;
  fields_.clear();
  list_field(":status", text);
  list_fields(headers, false);
  count_message(nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id_, nullptr,
                                       fields_.data(), fields_.size(), nullptr));
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
  if (stream.output_.empty()) stream.moved_ = now_;
  backlog_ += data.size();
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
  backlog_ -= stream.output_.size();
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
  fields_.push_back({.name = nghttp2_bytes(name),
                     .value = nghttp2_bytes(value),
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
      count_message(
          nghttp2_submit_trailer(session_.get(), stream.id_, fields_.data(), fields_.size()));
    }
  }
  return static_cast<ssize_t>(n);
}

void Http2Session::write_data_frame(Http2Stream& stream, Bytes head, size_t size) {
  output_.append_copy(head);
  stream.moved_ = now_;
  backlog_ -= size;
  while (size > 0) {
    Slice part = stream.output_.take_front(size);
    size -= part.size();
    output_.append(std::move(part));
  }
  if (!std::exchange(stream.output_listed_, true)) with_output_.push_back(&stream);
}

Body& Http2Session::output() {
  if (!output_.empty() || ending_ != Ending::Open) return output_;
  written_frames_ = written_controls_ = 0;
  while (output_.size() < kOutputBatch && !failed_) {
    const uint8_t* data = nullptr;
    const ssize_t n = nghttp2_session_mem_send(session_.get(), &data);
    if (n < 0 || (flooded_ && !deaf_)) fail(n);
    if (n <= 0) break;
    output_.append_copy(as_bytes(nghttp2_text(data, static_cast<size_t>(n))));
  }
  return output_;
}

void Http2Session::sent() {
  report_sent();
  report_closed();
  if (failed_ && ending_ == Ending::Open) {
    end_streams();
    report_closed();
    ending_ = Ending::Linger;
    carrier_.wake();
  } else if (ending_ == Ending::Open && output_.empty() &&
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
