#pragma once
// How transactions of our own TCP ports are known.

#include <string_view>

#include "planes/ats/server_api.h"

namespace weir::ats_plane {

// Marks transactions that came to the server's own HTTP by one of our TCP ports: they are a
// client's, though the server counts them as its own (TSHttpTxnPluginTagGet).
inline constexpr const char* kTcpTag = "weir.tcp";

inline bool is_from_tcp_port(TSHttpTxn transaction) {
  const char* tag = TSHttpTxnPluginTagGet(transaction);
  return tag != nullptr && std::string_view(tag) == kTcpTag;
}

}  // namespace weir::ats_plane
