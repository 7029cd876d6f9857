#include "runtime/grpc_call.h"

#include <charconv>

#include "base/percent.h"
#include "runtime/plugin_context.h"

namespace weir::runtime {

using abi::EndOfStream;
using abi::Status;

namespace {

// Statuses of gRPC itself.
constexpr uint32_t kOk = 0;
constexpr uint32_t kUnknown = 2;
constexpr uint32_t kDeadlineExceeded = 4;
constexpr uint32_t kPermissionDenied = 7;
constexpr uint32_t kResourceExhausted = 8;
constexpr uint32_t kUnimplemented = 12;
constexpr uint32_t kInternal = 13;
constexpr uint32_t kUnavailable = 14;
constexpr uint32_t kUnauthenticated = 16;

// Before each message: whether it is compressed, and its length, big-endian.
constexpr size_t kFrameHeaderBytes = 5;

// gRPC allows eight digits.
std::string timeout_text(Milliseconds timeout) {
  constexpr int64_t kMaxDigits = 99'999'999;
  if (timeout.count() <= kMaxDigits) return std::to_string(timeout.count()) + "m";
  return std::to_string(timeout.count() / 1000) + "S";
}

std::string frame(std::string_view message) {
  std::string framed;
  framed.reserve(kFrameHeaderBytes + message.size());
  framed += '\0';
  for (int shift : {24, 16, 8, 0}) framed += static_cast<char>(message.size() >> shift);
  framed += message;
  return framed;
}

size_t length_in(std::string_view header) {
  size_t length = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(header[i]);
  }
  return length;
}

std::optional<uint32_t> number_in(std::string_view text) {
  uint32_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "gRPC over HTTP/2", HTTP to gRPC status.
uint32_t status_of_http(uint32_t http_status) {
  switch (http_status) {
    case 400:
      return kInternal;
    case 401:
      return kUnauthenticated;
    case 403:
      return kPermissionDenied;
    case 404:
      return kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return kUnavailable;
    default:
      return kUnknown;
  }
}

// The contents of a length-delimited field 1, where it comes first in a protobuf message.
std::optional<std::string_view> first_field(std::string_view message) {
  constexpr char kField1LengthDelimited = 0x0a;
  if (message.size() < 2 || message[0] != kField1LengthDelimited) return std::nullopt;
  size_t length = 0;
  size_t at = 1;
  for (unsigned shift = 0; at < message.size() && shift < 28; shift += 7) {
    const auto byte = static_cast<unsigned char>(message[at++]);
    length |= static_cast<size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (length > message.size() - at) return std::nullopt;
      return message.substr(at, length);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string grpc_upstream(std::string_view named) {
  // A oneof's member may also come after other fields; SDKs write it first.
  auto envoy_grpc = first_field(named);
  auto cluster = envoy_grpc ? first_field(*envoy_grpc) : std::nullopt;
  return std::string(cluster.value_or(named));
}

Status GrpcCall::start(const abi::GrpcCallRequest& request, std::string_view message,
                       Milliseconds timeout) {
  const std::string upstream = grpc_upstream(request.upstream);
  std::string path = "/";
  path.append(request.service).append("/").append(request.method);
  // The guest's names may be of any size: what does not fit is refused.
  abi::HeaderList headers;
  bool fits = headers.add(":method", "POST") && headers.add(":scheme", "http") &&
              headers.add(":authority", upstream) && headers.add(":path", path) &&
              headers.add("content-type", "application/grpc") && headers.add("te", "trailers");
  if (timeout.count() != 0) fits = headers.add("grpc-timeout", timeout_text(timeout)) && fits;
  request.initial_metadata.for_each([&](std::string_view name, std::string_view value) {
    if (!name.starts_with(':')) fits = headers.add(name, value) && fits;
  });
  if (!fits) {
    refusal_ = "its names or its metadata are too large";
    return Status::InternalFailure;
  }

  if (Status status = open(upstream, headers); status != Status::Ok) return status;
  if (kind_ == Kind::Unary && send(message, EndOfStream::Yes) != Status::Ok) {
    stream_.reset();
    refusal_ = "its message is too large";
    return Status::InternalFailure;
  }
  if (timeout.count() != 0) {
    timer_ = owner_.services().make_timer([this] { end(kDeadlineExceeded, "timeout"); });
    timer_->start(timeout);
  }
  return Status::Ok;
}

Status GrpcCall::open(std::string_view upstream, const abi::HeaderList& headers) {
  auto opened = owner_.services().upstreams().open(owner_.upstream_name(upstream), headers,
                                                   EndOfStream::No, Protocol::Http2, *this);
  if (!opened.ok()) {
    refusal_ = refusal_of(opened.error());
    return opened.error() == OpenError::Failed ? Status::InternalFailure : Status::ParseFailure;
  }
  stream_ = std::move(opened).value();
  return Status::Ok;
}

Status GrpcCall::send(std::string_view message, EndOfStream end_of_stream) {
  if (half_closed_ || !stream_) return Status::Ok;
  if (message.size() > kMaxMessageBytes ||
      message.size() + stream_->unsent_bytes() > kMaxUnsentBytes) {
    return Status::BadArgument;
  }
  half_closed_ = end_of_stream == EndOfStream::Yes;
  stream_->send_data(as_bytes(frame(message)), end_of_stream);
  return Status::Ok;
}

void GrpcCall::close() {
  if (half_closed_ || !stream_) return;
  half_closed_ = true;
  stream_->send_data({}, EndOfStream::Yes);
}

void GrpcCall::on_headers(abi::HeaderList headers, EndOfStream end_of_stream) {
  http_status_ = number_in(headers.find(":status").value_or("")).value_or(0);
  if (end_of_stream == EndOfStream::Yes) {
    end_with(headers);
    return;
  }
  if (kind_ == Kind::Stream) owner_.on_grpc_initial_metadata(*this, std::move(headers));
}

void GrpcCall::on_data(Bytes data, EndOfStream end_of_stream) {
  // What is not gRPC has no messages; its status tells.
  if (http_status_ == 200) {
    received_ += as_text(data);
    if (!take_messages()) return;
  }
  if (end_of_stream == EndOfStream::Yes) end_with({});
}

void GrpcCall::on_trailers(abi::HeaderList trailers) {
  if (kind_ == Kind::Stream) {
    auto alive = alive_;
    owner_.on_grpc_trailing_metadata(*this, trailers);
    if (!*alive) return;
  }
  end_with(trailers);
}

void GrpcCall::on_refusal(std::string_view upstream, std::string_view reason) {
  owner_.log_refusal("gRPC", upstream, reason);
  on_failure(reason);
}

void GrpcCall::on_failure(std::string_view reason) { end(kUnavailable, std::string(reason)); }

bool GrpcCall::take_messages() {
  size_t taken = 0;
  auto alive = alive_;
  for (;;) {
    const std::string_view rest = std::string_view(received_).substr(taken);
    if (rest.size() < kFrameHeaderBytes) break;
    const size_t length = length_in(rest);
    if (rest[0] != 0) {
      end(kUnimplemented, "the message is compressed, which was not asked for");
      return false;
    }
    if (length > kMaxMessageBytes) {
      end(kResourceExhausted, "the message is too large");
      return false;
    }
    if (rest.size() - kFrameHeaderBytes < length) break;
    std::string message(rest.substr(kFrameHeaderBytes, length));
    taken += kFrameHeaderBytes + length;
    if (kind_ == Kind::Stream) {
      owner_.on_grpc_message(*this, std::move(message));
      if (!*alive) return false;
    } else if (unary_message_) {
      end(kInternal, "more than one message came to a unary call");
      return false;
    } else {
      unary_message_ = std::move(message);
    }
  }
  received_.erase(0, taken);
  return true;
}

void GrpcCall::end_with(const abi::HeaderList& trailers) {
  if (auto status = trailers.find("grpc-status")) {
    end(number_in(*status).value_or(kUnknown),
        percent_decoded(trailers.find("grpc-message").value_or("")));
  } else if (http_status_ != 200) {
    end(status_of_http(http_status_), "HTTP status " + std::to_string(http_status_));
  } else {
    end(kInternal, "the response ended without grpc-status");
  }
}

// A unary call is told either its message or its failure (ABI, proxy_on_grpc_receive).
void GrpcCall::end(uint32_t status, std::string message) {
  timer_.reset();
  stream_.reset();
  if (kind_ == Kind::Unary && status == kOk) {
    if (unary_message_) {
      owner_.on_grpc_message(*this, std::move(*unary_message_));  // Destroys this.
      return;
    }
    status = kInternal;
    message = "the response has no message";
  }
  owner_.on_grpc_closed(*this, status, std::move(message));  // Destroys this.
}

}  // namespace weir::runtime
