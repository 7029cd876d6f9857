#include "runtime/http_call.h"

#include "runtime/plugin_context.h"

namespace weir::runtime {

using abi::EndOfStream;
using abi::Status;

Status HttpCall::start(abi::HttpCallRequest& request) {
  const bool has_trailers = !request.trailers.empty();
  const bool has_body = !request.body.empty();
  request_bytes_ = request.body.size();
  patience_ = request.timeout;
  if (has_body && !has_trailers && !request.headers.find("content-length") &&
      !request.headers.add("content-length", std::to_string(request.body.size()))) {
    failure_ = "its headers are too large";
    return Status::InternalFailure;
  }
  auto opened = owner_.services().upstreams().open(
      owner_.upstream_name(request.upstream), request.headers,
      has_body || has_trailers ? EndOfStream::No : EndOfStream::Yes, Protocol::Any, *this);
  if (!opened.ok()) {
    failure_ = refusal_of(opened.error());
    return opened.error() == OpenError::Failed ? Status::InternalFailure : Status::BadArgument;
  }
  stream_ = std::move(opened).value();
  if (has_body) {
    stream_->send_data(as_bytes(request.body), has_trailers ? EndOfStream::No : EndOfStream::Yes);
  }
  if (has_trailers) stream_->send_trailers(request.trailers);
  if (patience_.count() != 0) {
    timer_ = owner_.services().make_timer([this] { on_failure("timeout"); });
    timer_->start(patience_);
  }
  return Status::Ok;
}

void HttpCall::on_headers(abi::HeaderList headers, EndOfStream end_of_stream) {
  headers_ = std::move(headers);
  if (end_of_stream == EndOfStream::Yes) end();
}

void HttpCall::on_data(Bytes data, EndOfStream end_of_stream) {
  if (data.size() > kMaxBodyBytes - body_.size()) {
    on_failure("the response is too large");
    return;
  }
  body_ += as_text(data);
  if (end_of_stream == EndOfStream::Yes) end();
}

void HttpCall::on_trailers(abi::HeaderList trailers) {
  trailers_ = std::move(trailers);
  end();
}

void HttpCall::on_failure(std::string_view reason) {
  failure_ = reason;
  headers_.clear();
  trailers_.clear();
  body_.clear();
  end();
}

void HttpCall::on_refusal(std::string_view upstream, std::string_view reason) {
  owner_.log_refusal("proxy_http_call", upstream, reason);
  on_failure(reason);
}

void HttpCall::end() {
  timer_.reset();
  stream_.reset();
  owner_.on_http_call_done(*this);  // Destroys this.
}

}  // namespace weir::runtime
