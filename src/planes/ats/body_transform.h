#pragma once
// A message's body on its way through the plugins: one of the server's transformations.

#include <cstdint>

#include "planes/ats/chunked_body.h"
#include "planes/ats/message_out.h"
#include "planes/ats/server_api.h"
#include "runtime/stream.h"

namespace weir::ats_plane {

class Transaction;

// The server writes the body into it, and reads what the plugins have made of it. It takes no more
// than the plugins want, and no more than the server takes. Part of a Transaction. Thread: the
// transaction's.
class BodyTransform {
 public:
  // Both outlive it.
  BodyTransform(Transaction& owner, runtime::Direction direction, MessageOut& out)
      : owner_(owner), direction_(direction), out_(out) {}
  ~BodyTransform();
  BodyTransform(const BodyTransform&) = delete;
  BodyTransform& operator=(const BodyTransform&) = delete;

  // Lays it in the body's way. `chunked`: the server will write chunked coding, as it came.
  void add_to(TSHttpTxn transaction, bool chunked);

  bool is_added() const { return connection_ != nullptr; }
  // Likewise, or the server is done with it.
  bool was_added() const { return was_added_; }
  // The server has come to it.
  bool has_begun() const { return begun_; }
  // All of the body has come in.
  bool input_ended() const { return input_ended_; }
  // The server has been given a length, or the beginning.
  bool output_begun() const { return output_ != nullptr; }

  // The body is taken, and nothing of it given out: the message that its client gets has none.
  bool drops() const { return drops_; }

  // Hands on what has left the plugins, and takes more where they want some.
  void flush();
  // Lets the server go on without a body, where it waits for one.
  void skip_output();
  // Breaks the message off. False: not by this, since all of the body has been taken, or none.
  bool fail();

 private:
  // What the server's object holds, until it is closed, which may be later than the transaction.
  struct Link {
    BodyTransform* transform;  // null: the transaction is over
    TSIOBuffer buffer = nullptr;
  };

  static int on_event(TSCont connection, TSEvent event, void* data);

  void on_closed();
  void process();
  // Takes up to `limit` bytes. The number of those taken.
  int64_t take(TSIOBufferReader reader, int64_t limit, serve::Body& into);
  bool is_full() const;
  // The client has not taken what waits for it.
  bool is_reader_behind() const;
  void begin_output(int64_t length);
  // Tells the server that all of the body has been taken, if it may know.
  void release_input();

  Transaction& owner_;
  const runtime::Direction direction_;
  MessageOut& out_;
  TSVConn connection_ = nullptr;  // null: not added, or gone
  Link* link_ = nullptr;          // the connection's
  bool was_added_ = false;
  bool is_chunked_ = false;
  ChunkedBody chunked_;
  bool begun_ = false;
  bool input_ended_ = false;
  bool input_released_ = false;  // the server knows that all has been taken
  bool waits_ = false;           // bytes were left, since plugins or the server had enough

  TSIOBufferReader reader_ = nullptr;
  TSVIO output_ = nullptr;
  int64_t written_ = 0;
  bool output_ended_ = false;
  bool drops_ = false;
  bool output_read_ = false;  // the server has begun to take it
};

}  // namespace weir::ats_plane
