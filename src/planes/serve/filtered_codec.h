#pragma once
// Plugins between a client's connection and the codec that speaks HTTP on it.

#include <memory>
#include <span>

#include "planes/serve/filtered_connection.h"
#include "planes/serve/listener.h"

namespace weir::serve {

// A codec that passes what it receives and sends by plugins, which see a connection's bytes as they
// are. HTTP has no half-closed connections, so a client that sends no more has closed. `inner`
// makes what speaks behind them, and outlives the codec.
std::unique_ptr<Codec> make_filtered_codec(const FilteredParts& parts,
                                           const ClientConnection& client, CodecFactory& inner,
                                           std::span<const MakeNetworkContext> plugins);

}  // namespace weir::serve
