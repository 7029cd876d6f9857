#pragma once
// What is counted of TLS on the connections of a listener or to a cluster, by Envoy's names.

#include "planes/serve/counter.h"

namespace weir::serve {

// Thread: its worker's changes it, any reads it.
struct TlsStats {
  Counter handshakes;
  Counter handshake_timeouts;
  Counter connection_errors;  // handshakes that failed, save for what the next four count
  Counter failed_verifications;
  Counter failed_no_certificate;
  Counter failed_alt_names;
  Counter failed_hashes;
  Counter no_certificate;  // handshakes without a certificate of the peer
  Counter resumed_sessions;
  Counter tls12;
  Counter tls13;
};

}  // namespace weir::serve
