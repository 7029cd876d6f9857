#include "planes/ats/body_transform.h"

#include <algorithm>

#include "planes/ats/io_buffer.h"
#include "planes/ats/transaction.h"
#include "planes/common/field_rules.h"

namespace weir::ats_plane {
namespace {

using runtime::Direction;

// Bytes that may wait for the server to take them.
constexpr int64_t kOutputBytes = 256 * 1024;

}  // namespace

void BodyTransform::add_to(TSHttpTxn transaction, bool chunked) {
  was_added_ = true;
  is_chunked_ = chunked;
  connection_ = TSTransformCreate(&BodyTransform::on_event, transaction);
  link_ = new Link{this};
  TSContDataSet(connection_, link_);
  TSHttpTxnHookAdd(transaction,
                   direction_ == Direction::Request ? TS_HTTP_REQUEST_TRANSFORM_HOOK
                                                    : TS_HTTP_RESPONSE_TRANSFORM_HOOK,
                   connection_);
}

BodyTransform::~BodyTransform() {
  // The server closes what it has opened and what it has not, before a transaction is over.
  if (link_ != nullptr) link_->transform = nullptr;
}

int BodyTransform::on_event(TSCont connection, TSEvent event, void*) {
  auto* link = static_cast<Link*>(TSContDataGet(connection));
  BodyTransform* transform = link->transform;
  if (TSVConnClosedGet(connection) != 0) {
    if (transform != nullptr) transform->on_closed();
    if (link->buffer != nullptr) TSIOBufferDestroy(link->buffer);
    delete link;
    TSContDestroy(connection);
    return 0;
  }
  if (transform == nullptr) return 0;
  switch (event) {
    case TS_EVENT_ERROR: {  // The reader is gone: the writer is told.
      const TSVIO input = TSVConnWriteVIOGet(connection);
      TSContCall(TSVIOContGet(input), TS_EVENT_ERROR, input);
      return 0;
    }
    case TS_EVENT_VCONN_WRITE_COMPLETE: {
      TSVConnShutdown(TSTransformOutputVConnGet(connection), 0, 1);
      const Transaction::Handler handler(transform->owner_);
      transform->output_read_ = true;
      transform->release_input();
      return 0;
    }
    case TS_EVENT_VCONN_WRITE_READY:  // The output's reader alone says so.
      transform->output_read_ = true;
      break;
    default:
      break;
  }
  if (!transform->owner_.is_at_home()) {
    TSContScheduleOnThread(connection, 0, transform->owner_.home());
    return 0;
  }
  const Transaction::Handler handler(transform->owner_);
  transform->process();
  return 0;
}

void BodyTransform::on_closed() {
  connection_ = nullptr;
  link_ = nullptr;
  reader_ = nullptr;
  output_ = nullptr;
  if (direction_ == Direction::Response && begun_ && !input_ended_) owner_.on_response_truncated();
}

bool BodyTransform::is_full() const {
  return owner_.wants_pause(direction_) ||
         (reader_ != nullptr && TSIOBufferReaderAvail(reader_) >= kOutputBytes);
}

bool BodyTransform::is_reader_behind() const {
  return direction_ == Direction::Response && owner_.client_backlog() >= kOutputBytes;
}

int64_t BodyTransform::take(TSIOBufferReader reader, int64_t limit, serve::Body& into) {
  return take_bytes(reader, limit, [&](std::string_view bytes) {
    if (is_chunked_) {
      chunked_.take(bytes, into);
    } else {
      into.append_copy(as_bytes(bytes));
    }
  });
}

void BodyTransform::process() {
  const TSVConn connection = connection_;
  if (!std::exchange(begun_, true)) owner_.on_body_begins(direction_);
  const TSVIO input = TSVConnWriteVIOGet(connection);
  // Without a buffer the writer has shut its end, and there is nothing to say to it.
  const bool has_input = TSVIOBufferGet(input) != nullptr;
  waits_ = has_input && !input_ended_ && is_full();
  if (waits_) return owner_.act();

  int64_t taken = 0;
  int64_t left = 0;
  serve::Body body;
  if (has_input) {
    const TSIOBufferReader reader = TSVIOReaderGet(input);
    left = TSVIONTodoGet(input);
    taken = take(reader, std::min(left, TSIOBufferReaderAvail(reader)), body);
    TSVIONDoneSet(input, TSVIONDoneGet(input) + taken);
    left -= taken;
  }
  if (chunked_.state() == ChunkedBody::State::Broken) {
    fail();
    return;
  }
  const bool ended = left <= 0 || chunked_.state() != ChunkedBody::State::Open;
  if (!input_ended_ && (ended || !body.empty())) {
    input_ended_ = ended;
    owner_.on_body(direction_, std::move(body), ended);
  } else {
    owner_.act();
  }

  // The server may have gone on, and be done with this body.
  if (connection_ == nullptr || TSVConnClosedGet(connection) != 0 || !has_input) return;
  if (left <= 0) {
    release_input();
  } else if (taken > 0) {
    TSContCall(TSVIOContGet(input), TS_EVENT_VCONN_WRITE_READY, input);
  }
}

void BodyTransform::release_input() {
  const TSVIO input = TSVConnWriteVIOGet(connection_);
  if (!begun_ || input_released_ || TSVIOBufferGet(input) == nullptr) return;
  if (TSVIONTodoGet(input) > 0) return;
  // A response's writer that is told so before anybody reads ends the server where the origin had
  // answered before it had read the request: HttpSM::tunnel_handler_transform_write then takes it
  // for the request's, which has gone, and closes that again.
  if (direction_ == Direction::Response && !output_read_) return;
  input_released_ = true;
  TSContCall(TSVIOContGet(input), TS_EVENT_VCONN_WRITE_COMPLETE, input);
}

void BodyTransform::begin_output(int64_t length) {
  link_->buffer = TSIOBufferCreate();
  reader_ = TSIOBufferReaderAlloc(link_->buffer);
  output_ = TSVConnWrite(TSTransformOutputVConnGet(connection_), connection_, reader_, length);
}

void BodyTransform::flush() {
  if (connection_ == nullptr || !begun_ || TSVConnClosedGet(connection_) != 0) return;
  const abi::HeaderList* headers = out_.header_list();
  if (headers != nullptr && output_ == nullptr) {
    const auto told = planes::parse_length(headers->find("content-length").value_or(""));
    if (direction_ == Direction::Response && !owner_.client_takes_body(*headers)) {
      drops_ = output_ended_ = true;
      owner_.expect_no_body();
      begin_output(0);
    } else if (out_.ended() && (direction_ == Direction::Response || input_ended_)) {
      begin_output(static_cast<int64_t>(out_.body().size()));
    } else if (direction_ == Direction::Response) {
      begin_output(told ? static_cast<int64_t>(*told) : INT64_MAX);
    }
    // A request goes to the origin when all of its body has come in: an origin that answers while
    // the server still writes into a transformation ends the server (HttpTunnel::abort_tunnel
    // gives INKVConnInternal::do_io_write no reader).
  }
  if (output_ != nullptr && !output_ended_) {
    bool changed = false;
    while (!out_.body().empty()) {
      const serve::Slice piece = out_.body().take_front(SIZE_MAX);
      const std::string_view bytes = as_text(piece.bytes());
      TSIOBufferWrite(link_->buffer, bytes.data(), static_cast<int64_t>(bytes.size()));
      written_ += static_cast<int64_t>(bytes.size());
      changed = true;
    }
    if (out_.ended()) {
      output_ended_ = changed = true;
      TSVIONBytesSet(output_, written_);
    }
    // What the server takes out of the transformation it keeps for its client, however much that
    // is. For one that is behind, it takes this when the client has taken something, unasked
    // (HttpTunnel::consumer_reenable).
    if (changed && (output_ended_ || !is_reader_behind())) TSVIOReenable(output_);
  }
  if (drops_) static_cast<void>(out_.body().take_all());
  if (waits_ && !is_full()) {
    waits_ = false;
    TSContScheduleOnThread(connection_, 0, owner_.home());
  }
}

void BodyTransform::skip_output() {
  if (connection_ == nullptr || output_ != nullptr) return;
  output_ended_ = true;
  begin_output(0);
}

bool BodyTransform::fail() {
  if (connection_ == nullptr || !begun_ || input_released_) return false;
  input_released_ = true;
  const TSVIO input = TSVConnWriteVIOGet(connection_);
  if (TSVIOBufferGet(input) != nullptr) TSContCall(TSVIOContGet(input), TS_EVENT_ERROR, input);
  return true;
}

}  // namespace weir::ats_plane
