#pragma once
// Writes HTTP/1 messages: start lines, fields that HTTP allows, and the framing of bodies. What a
// plugin made wrong never reaches the wire: a field with an invalid name or value, and every
// hop-by-hop field, is left out and counted; a message without a valid start line is refused.

#include <cstdint>
#include <string>
#include <string_view>

#include "planes/serve/body.h"
#include "planes/serve/counter.h"
#include "planes/serve/message.h"

namespace weir::serve {

// One message after the other, each headers, data, trailers. Thread: its connection's.
class Http1Writer {
 public:
  // Whether a message can be written as asked; after a refusal the connection has to close.
  enum class [[nodiscard]] Written : bool{Refused, Ok};

  struct ResponseTo {
    bool head = false;       // a HEAD request
    bool http10 = false;     // the client does not know chunks
    bool keep_alive = true;  // the connection stays open
    bool upgrade = false;    // a request to switch protocols
    bool connect = false;    // a CONNECT request
  };

  Http1Writer(Body& out, Counter& dropped) : out_(out), dropped_(dropped) {}

  Written request(const HeaderList& headers, EndOfStream);
  Written response(const HeaderList& headers, EndOfStream, ResponseTo);
  void interim(const HeaderList& headers);

  // Refused where a declared length does not hold.
  Written data(Body data, EndOfStream);
  // Ends the message. Trailers have no place in a message that is not chunked.
  Written trailers(const HeaderList& trailers);

  // Whether the end of the connection is the end of the message.
  bool until_close() const { return framing_ == Framing::UntilClose || is_tunnel(); }
  // Whether another protocol is spoken behind the headers.
  bool is_tunnel() const { return framing_ == Framing::Tunnel; }

 private:
  enum class Framing : uint8_t { NoBody, Length, Chunked, UntilClose, Tunnel };

  void write_fields(const HeaderList& headers);
  void write_field(std::string_view name, std::string_view value);
  void write_framing();
  void write_upgrade(const HeaderList& headers);
  void flush_head();
  Written end();

  Body& out_;
  Counter& dropped_;
  std::string head_;  // kept for its capacity
  Framing framing_ = Framing::NoBody;
  uint64_t remaining_ = 0;  // of Framing::Length
};

// Whether a message of this proxy asks to switch protocols, or does: only then has it these fields.
bool is_upgrade(const HeaderList& headers);

// "Not Found"; "" where the status has no name.
std::string_view reason_phrase(int status);

}  // namespace weir::serve
