#include "planes/serve/local_reply.h"

#include "base/percent.h"
#include "planes/common/grpc_status.h"
#include "planes/serve/checked_headers.h"

namespace weir::serve {
namespace {

// gRPC over HTTP/2, "Status-Message": printable ASCII without '%' stands for itself.
bool is_plain_in_message(char c) { return c >= ' ' && c <= '~' && c != '%'; }

// A final status: three digits, not interim.
bool is_final_status(uint32_t status) { return status >= 200 && status <= 999; }

}  // namespace

LocalReply::LocalReply(const runtime::LocalResponse& response)
    : LocalReply(response.status_code, std::string(response.body), std::string(response.details)) {
  headers = response.headers;
  grpc_status = response.grpc_status;
}

RequestTraits RequestTraits::of(const abi::HeaderList& request_headers) {
  return {
      .is_head = request_headers.find(":method") == "HEAD",
      .is_grpc = planes::is_grpc_content_type(request_headers.find("content-type").value_or(""))};
}

LocalMessage make_local_message(LocalReply reply, RequestTraits traits) {
  const uint32_t status = is_final_status(reply.status_code) ? reply.status_code : 500;
  LocalMessage message;
  // These are few and short: they fit into any list.
  auto set = [&](std::string_view name, std::string_view value) {
    static_cast<void>(message.headers.replace(name, value));
  };
  set(":status", traits.is_grpc ? "200" : std::to_string(status));
  CheckedHeaders checked(CheckedHeaders::Kind::Response, message.headers);
  reply.headers.for_each([&](std::string_view name, std::string_view value) {
    if (!name.starts_with(':')) static_cast<void>(checked.add(name, value));
  });
  message.headers.remove("content-length");

  if (traits.is_grpc) {
    set("content-type", "application/grpc");
    set("grpc-status", std::to_string(reply.grpc_status >= 0 ? reply.grpc_status
                                                             : planes::grpc_status_of(status)));
    if (!reply.body.empty()) set("grpc-message", percent_encoded(reply.body, is_plain_in_message));
    return message;
  }
  // RFC 9110, 8.6: a 204 has no Content-Length.
  if (status == 204 || status == 304) return message;
  set("content-length", std::to_string(reply.body.size()));
  if (!reply.body.empty() && !message.headers.find("content-type")) {
    set("content-type", "text/plain");
  }
  if (!traits.is_head) message.body = std::move(reply.body);
  return message;
}

}  // namespace weir::serve
