#pragma once
// Bytes as they are, for connections whose protocol is not ours.

#include "planes/serve/codec.h"
#include "planes/serve/message.h"

namespace weir::serve {

// Takes what becomes of a connection. Thread: its worker's.
class RawEvents {
 public:
  virtual void on_data(Body data) = 0;
  // The peer sends no more.
  virtual void on_end() = 0;
  // Some of what was to be sent has gone out.
  virtual void on_sent() = 0;
  // The last event. The codec is gone soon after.
  virtual void on_closed(Disconnect how, std::string_view reason) = 0;

 protected:
  ~RawEvents() = default;
};

// Each direction ends by itself. May be used from inside the events. Thread: its worker's.
class RawCodec final : public Codec {
 public:
  // Both outlive the codec, `events` until on_closed().
  RawCodec(Carrier& carrier, RawEvents& events) : carrier_(carrier), events_(events) {}

  // Nothing may follow the end.
  void send(Body data, EndOfStream end);
  // Bytes that wait to be sent.
  uint64_t backlog() const { return output_.size(); }

  // Holds back what comes in.
  void set_paused(bool paused);

  // Closes when all has gone out; what still comes in is dropped.
  void close(Ending how);
  // Closes, and drops what has not gone out.
  void abort(Ending how);

  // Codec
  void receive(ReadBuffer& input) override;
  bool wants_input() const override { return !paused_ && !input_ended_; }
  bool end_of_input() override;
  bool output_has_ended() const override { return output_ended_; }
  void disconnected(Disconnect how, std::string_view reason) override;
  Body& output() override { return output_; }
  void sent() override;
  Ending ending() const override { return ending_; }
  void drain() override {}  // it ends when its peers end it
  size_t active() const override { return 1; }
  bool inside_head() const override { return false; }
  bool watches_itself() const override { return true; }
  void head_timed_out() override {}

 private:
  Carrier& carrier_;
  RawEvents& events_;
  Body output_;
  uint64_t known_backlog_ = 0;  // at the last sent()
  Ending ending_ = Ending::Open;
  bool paused_ = false;
  bool input_ended_ = false;
  bool output_ended_ = false;
};

}  // namespace weir::serve
