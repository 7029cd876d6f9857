#pragma once
// TLS between a connection and the codec that speaks on it.

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "planes/serve/codec.h"
#include "planes/serve/tls_session.h"

namespace weir::serve {

// What is spoken behind TLS. The codec owns it. Thread: the worker's.
class TlsUser {
 public:
  virtual ~TlsUser() = default;

  // The handshake is done; before choose_codec().
  virtual void on_secured(std::shared_ptr<const TlsInfo> info) = 0;
  // As ConnectionOwner::choose_codec().
  virtual std::unique_ptr<Codec> choose_codec(ReadBuffer& input) = 0;
  // The connection has ended before there was a codec.
  virtual void on_failed(Disconnect how, std::string_view reason) = 0;
};

struct TlsCodecParts {
  Carrier& carrier;
  std::shared_ptr<const TlsContext> context;
  TlsStats& stats;
  Milliseconds handshake_timeout;  // zero: as long as the headers of a message
  TlsResumption* resumption = nullptr;
  TlsServerName server_name;
};

// Bytes that a peer sends after its end are dropped; an end without a word of TLS is a reset, for
// somebody else may have caused it. All but the user outlive the codec.
std::unique_ptr<Codec> make_tls_codec(const TlsCodecParts& parts, std::unique_ptr<TlsUser> user);

}  // namespace weir::serve
