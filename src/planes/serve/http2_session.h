#pragma once
// One HTTP/2 connection, either side: nghttp2 with bodies passed by reference, flow control driven
// by what is consumed, and fields in the proxy's form.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planes/serve/body.h"
#include "planes/serve/codec.h"
#include "planes/serve/counter.h"
#include "planes/serve/http2_flood_guard.h"
#include "planes/serve/http2_keepalive.h"
#include "planes/serve/http2_metadata.h"
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
  bool unsent() const { return unsent_; }                    // its request never left
  bool malformed() const { return malformed_; }              // what has come is no message

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

  CoarseTime opened_{};  // as the last sweep before said
  CoarseTime moved_{};   // the last time that some of its output was sent, or began to wait
  bool answered_ = false;
  bool head_sent_ = false;
  std::unique_ptr<Http2MetadataReader> metadata_;  // null: none has come
  std::vector<std::string> early_metadata_;        // blocks that wait for the head to be sent

  size_t unconsumed_ = 0;  // passed on, but the window is kept closed
  bool paused_ = false;
  bool closing_ = false;  // closed or about to be: events and data no longer matter
  bool unsent_ = false;
  bool malformed_ = false;
  size_t slot_ = 0;  // in the session's list
};

// What a session reports, from inside receive() and sent() only.
class Http2Events {
 public:
  // The peer opens a stream (servers). The result lives until on_closed().
  virtual Http2Stream& on_opened() = 0;
  virtual void on_headers(Http2Stream& stream, HeaderList headers, EndOfStream) = 0;
  virtual void on_data(Http2Stream& stream, Body data, EndOfStream) = 0;
  virtual void on_trailers(Http2Stream& stream, HeaderList trailers) = 0;
  // Before the end; of a response also before the headers.
  virtual void on_metadata(Http2Stream& stream, HeaderList metadata) = 0;
  // The fields of a message are more than the limits allow. The message is dropped.
  virtual void on_oversized(Http2Stream& stream) = 0;
  // The peer has said what it takes, or has changed it.
  virtual void on_settings() {}
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
    bool extended_connect = false;  // clients may ask for it (RFC 8441)
    // A stream is reset whose output the peer does not take for so long. Zero: never.
    Milliseconds stall_timeout{};
    config::Http2Options http2;
  };

  // Everything outlives the session.
  Http2Session(Role role, const Options& options, Carrier& carrier, Http2Events& events,
               Counter& dropped_headers, Http2Stats& stats);
  ~Http2Session();

  // The codec's functions of the same names.
  void receive(ReadBuffer& input);
  Body& output();
  void sent();
  Ending ending() const { return ending_; }
  // While it lingers it throws away what comes.
  bool wants_input() const { return ending_ != Ending::Close; }
  void sweep(CoarseTime now);

  // Bytes of all streams that wait to be sent.
  size_t backlog() const { return backlog_; }

  // Ends every stream: on_closed() for those that are still there.
  void disconnect();

  // Tells the peer to open no more streams, in a way that loses none of those on their way; the
  // connection ends after them. A second call does not wait for the peer any more.
  void shut_down();

  // Client: how many more streams may be opened now.
  size_t capacity() const;

  // Client: false once either side has said that no more streams may be opened.
  bool takes_requests() const;
  // Client: whether the peer may be asked for tunnels to protocols (RFC 8441); nothing before it
  // has sent its settings.
  std::optional<bool> takes_extended_connect() const;
  // Client: sends a request. False: it is not valid.
  bool send_request(Http2Stream& stream, const HeaderList& headers, EndOfStream);
  // Server: false where the headers are not valid. `bodyless`: the length they declare is not that
  // of a body that follows (HEAD, 304).
  bool send_response(Http2Stream& stream, const HeaderList& headers, EndOfStream, bool bodyless);
  void send_interim(Http2Stream& stream, const HeaderList& headers);
  void send_data(Http2Stream& stream, Body data, EndOfStream);
  void send_trailers(Http2Stream& stream, HeaderList trailers);
  // Nothing where METADATA is not spoken. What waits is bounded; more is dropped, and counted.
  void send_metadata(Http2Stream& stream, const HeaderList& metadata);

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

  // Ends the connection for what nghttp2 says, or for a flood.
  void fail(ssize_t error);
  // At once: the peer takes nothing, or is not there.
  void drop();
  void end_streams();
  // Refuses what the peer does, where it is `allowed` only so far. As a callback answers.
  int take_in(bool allowed);
  void check_waiting();
  void reset_stalled();
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

  int take_metadata(int32_t id, std::string_view payload);
  int finish_metadata(int32_t id, bool ends_block);
  void refuse_metadata(Http2Stream& stream, uint32_t error);
  void take_settings(std::span<const nghttp2_settings_entry> settings);

  // Sending.
  void submit_metadata(int32_t id, std::string_view block);
  void note_head_sent(int32_t id);
  void count_message(int error);
  // False: they are not valid, or not there.
  bool list_target(const HeaderList& headers);
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
  Http2Stats& stats_;
  Http2FloodGuard guard_{options_.http2, stats_};
  Http2Keepalive keepalive_{options_.http2};
  CoarseTime now_{};
  std::unique_ptr<nghttp2_session, Deleter> session_;
  Ending ending_ = Ending::Open;
  ReadBuffer* input_ = nullptr;  // inside receive()
  Body output_;
  std::vector<nghttp2_nv> fields_;         // kept for its capacity
  std::vector<Http2Stream*> with_input_;   // that received data
  std::vector<Http2Stream*> with_output_;  // whose backlog has shrunk
  std::vector<Http2Stream*> open_;         // all that are not closed
  std::vector<Closed> closed_;             // not reported yet
  Http2MetadataQueue metadata_out_;
  bool has_settings_ = false;           // of the peer
  bool peer_refuses_metadata_ = false;  // by its settings
  size_t backlog_ = 0;
  // Frames, where a message's HEADERS count with their CONTINUATION as one.
  size_t queued_messages_ = 0;   // given to nghttp2, of messages
  size_t written_frames_ = 0;    // into output_
  size_t written_controls_ = 0;  // those of no message among them
  bool flooded_ = false;
  bool deaf_ = false;    // what comes is thrown away
  bool failed_ = false;  // GOAWAY has told of an error: nothing follows it
  bool shutting_down_ = false;
};

}  // namespace weir::serve
