#pragma once
// One HTTP/2 connection, either side: nghttp2 with bodies passed by reference, flow control driven
// by what is consumed, and fields in the proxy's form.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planes/serve/body.h"
#include "planes/serve/codec.h"
#include "planes/serve/counter.h"
#include "planes/serve/message.h"

namespace weir::serve {

class Http2Session;

// What a session keeps for a stream; the codecs derive from it. Lives until
// Http2Events::on_closed() has been called for it.
class Http2Stream {
 public:
  int32_t id() const { return id_; }

  // Bytes that wait to be sent.
  size_t backlog() const { return output_.size(); }

  bool sending_ended() const { return sending_ended_; }      // all has been given to send
  bool receiving_ended() const { return receiving_ended_; }  // all has been passed on

 private:
  friend Http2Session;

  int32_t id_ = -1;
  HeaderList fields_;  // being received
  bool fields_too_large_ = false;
  bool head_received_ = false;
  Body input_;           // data not passed on yet
  std::string cookies_;  // the crumbs received so far
  bool input_listed_ = false;
  bool receiving_ended_ = false;

  Body output_;
  std::optional<HeaderList> output_trailers_;
  std::optional<uint64_t> output_expected_;  // what content-length leaves to come
  bool output_listed_ = false;
  bool sending_ended_ = false;
  bool deferred_ = false;  // nghttp2 waits for output_

  size_t unconsumed_ = 0;  // passed on, but the window is kept closed
  bool paused_ = false;
  bool closing_ = false;  // closed or about to be: events and data no longer matter
  bool unsent_ = false;   // its request never left
  size_t slot_ = 0;       // in the session's list
};

// What a session reports, from inside receive() and sent() only.
class Http2Events {
 public:
  // The peer opens a stream (servers). The result lives until on_closed().
  virtual Http2Stream& on_opened() = 0;
  virtual void on_headers(Http2Stream& stream, HeaderList headers, EndOfStream) = 0;
  virtual void on_data(Http2Stream& stream, Body data, EndOfStream) = 0;
  virtual void on_trailers(Http2Stream& stream, HeaderList trailers) = 0;
  // The fields of a message are more than the limits allow. The message is dropped.
  virtual void on_oversized(Http2Stream& stream) = 0;
  // Some of the stream's backlog was sent.
  virtual void on_sent(Http2Stream& stream) = 0;
  // The stream is over; in order, if `error` is NGHTTP2_NO_ERROR. `unprocessed`: the peer has not
  // looked at it. Nothing refers to it after this.
  virtual void on_closed(Http2Stream& stream, uint32_t error, bool unprocessed) = 0;

 protected:
  ~Http2Events() = default;
};

// Thread: its connection's.
class Http2Session {
 public:
  enum class Role : uint8_t { Client, Server };

  struct Options {
    size_t max_header_bytes;
    size_t max_header_count;
    bool extended_connect = false;    // clients may ask for it (RFC 8441)
    uint32_t max_concurrent_streams;  // that the peer may open
    uint32_t stream_window_bytes;
    uint32_t connection_window_bytes;
  };

  Http2Session(Role role, const Options& options, Carrier& carrier, Http2Events& events,
               Counter& dropped_headers);
  ~Http2Session();

  // The codec's functions of the same names.
  void receive(ReadBuffer& input);
  Body& output();
  void sent();
  Ending ending() const { return ending_; }

  // Ends every stream: on_closed() for those that are still there.
  void disconnect();

  // Tells the peer to open no more streams, in a way that loses none of those on their way; the
  // connection ends after them. A second call does not wait for the peer any more.
  void shut_down();

  // Client: how many more streams may be opened now.
  size_t capacity() const;
  // Client: sends a request. False: it is not valid.
  bool send_request(Http2Stream& stream, const HeaderList& headers, EndOfStream);
  // Server: false where the headers are not valid. `bodyless`: the length they declare is not that
  // of a body that follows (HEAD, 304).
  bool send_response(Http2Stream& stream, const HeaderList& headers, EndOfStream, bool bodyless);
  void send_interim(Http2Stream& stream, const HeaderList& headers);
  void send_data(Http2Stream& stream, Body data, EndOfStream);
  void send_trailers(Http2Stream& stream, HeaderList trailers);

  // Breaks the stream off; on_closed() follows.
  void reset(Http2Stream& stream, uint32_t error);

  // Holds the stream's window, or opens it for what was held.
  void set_paused(Http2Stream& stream, bool paused);

 private:
  struct Deleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  struct Closed {
    Http2Stream* stream;
    uint32_t error;
    bool unprocessed;
  };
  struct Callbacks;  // nghttp2's, in C's shape

  void fail();
  void track(Http2Stream& stream, int32_t id);
  Http2Stream* find(int32_t id) const;

  // Receiving, from nghttp2's callbacks.
  void begin_fields(int32_t id, bool opens);
  void take_field(Http2Stream& stream, std::string_view name, std::string_view value);
  void finish_fields(Http2Stream& stream, EndOfStream);
  void take_data(Http2Stream& stream, Bytes bytes);
  void pass_data(Http2Stream& stream, EndOfStream);
  void consume(Http2Stream& stream, size_t n);
  void note_closed(Http2Stream& stream, uint32_t error);

  // Sending.
  void list_fields(const HeaderList& headers, bool keep_length);
  void list_field(std::string_view name, std::string_view value);
  nghttp2_data_provider provider_of(Http2Stream& stream);
  ssize_t read_output(Http2Stream& stream, size_t most, uint32_t& flags);
  void write_data_frame(Http2Stream& stream, Bytes head, size_t size);
  void resume_output(Http2Stream& stream);

  void report_sent();
  void report_closed();

  const Role role_;
  const Options options_;
  Carrier& carrier_;
  Http2Events& events_;
  Counter& dropped_;
  std::unique_ptr<nghttp2_session, Deleter> session_;
  Ending ending_ = Ending::Open;
  ReadBuffer* input_ = nullptr;  // inside receive()
  Body output_;
  std::vector<nghttp2_nv> fields_;         // kept for its capacity
  std::vector<Http2Stream*> with_input_;   // that received data
  std::vector<Http2Stream*> with_output_;  // whose backlog has shrunk
  std::vector<Http2Stream*> open_;         // all that are not closed
  std::vector<Closed> closed_;             // not reported yet
  bool shutting_down_ = false;
};

}  // namespace weir::serve
