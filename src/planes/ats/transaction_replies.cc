// How a Transaction ends otherwise than by the server: answers of plugins, and resets.

#include <string>
#include <utility>

#include "planes/ats/transaction.h"
#include "planes/serve/lane_failure.h"

namespace weir::ats_plane {

using abi::HeaderList;
using runtime::Direction;
using serve::Body;
using serve::LocalReply;

namespace {

// The headers up to the first that is too much.
HeaderList within_limits(const HeaderList& all) {
  HeaderList list(kHeaderLimits);
  for (size_t i = 0; i < all.count(); ++i) {
    if (!list.add(all.name(i), all.value(i))) break;
  }
  return list;
}

}  // namespace

bool Transaction::reply(LocalReply reply) {
  if (over_ || reply_ || reset_) return false;
  if (response_.started()) {
    // As Envoy does: what the plugin did not want to go on does not.
    if (!response_.ended()) {
      reset("a plugin answered behind the headers", serve::ResponseFlag::LocalReset);
    }
    return false;
  }
  request_.close();
  if (response_.has_headers()) response_.close();
  reply_ = std::move(reply);
  wake();
  return true;
}

void Transaction::reset(std::string_view reason, serve::ResponseFlag flag) {
  if (over_ || reset_) return;
  request_.close();
  response_.close();
  reply_.reset();
  reset_ = true;
  details_ = reason;
  flags_ |= static_cast<uint32_t>(flag);
  wake();
}

void Transaction::fail(LocalReply reply) {
  if (response_.started()) {
    reset(reply.details, reply.flag);
  } else {
    this->reply(std::move(reply));
  }
}

void Transaction::settle() {
  while (settle_one()) {
  }
}

bool Transaction::settle_one() {
  if (over_) return false;
  if (reply_) {
    LocalReply reply = std::move(*reply_);
    reply_.reset();
    send_reply(std::move(reply));
    return true;
  }
  if (reset_) return false;  // waits for act()
  if (!request_.closed() && !request_body_.output_begun() &&
      request_out_.body().size() > set_->generation().max_request_body_bytes) {
    fail({413, "Payload Too Large", "request_payload_too_large"});
    return true;
  }
  if (auto failure = serve::failure_of(request_, response_)) {
    fail(std::move(*failure));
    return true;
  }
  if (!std::exchange(resumes_wait_, false)) return false;
  for (size_t i = 0; i < set_->count(); ++i) {
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      if (plugins_[i].take_resume(direction)) lane(direction).resume(i);
    }
  }
  return true;
}

void Transaction::send_reply(LocalReply reply) {
  details_ = reply.details;
  flags_ |= static_cast<uint32_t>(reply.flag);
  serve::LocalMessage message = serve::make_local_message(std::move(reply), traits_);
  HeaderList headers = within_limits(message.headers);
  if (headers.count() < message.headers.count()) {
    worker_.plane().host().logger().log(
        LogLevel::Error, "an answer of plugins has more headers than the server can take: of " +
                             std::to_string(message.headers.count()) + " the first " +
                             std::to_string(headers.count()) + " are sent");
  }
  Body body;
  body.append_copy(as_bytes(message.body));
  is_reply_ = true;
  response_out_.clear();
  if (response_.has_headers()) {
    response_.bypass(std::move(headers), std::move(body));
  } else {
    response_.whole(std::move(headers), std::move(body));
  }
}

}  // namespace weir::ats_plane
