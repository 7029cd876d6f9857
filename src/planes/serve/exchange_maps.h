#pragma once
// The four header maps of an exchange, as its plugins get them.

#include "planes/serve/checked_headers.h"
#include "planes/serve/lane.h"

namespace weir::serve {

// Thread: the stream's. The lanes outlive it.
class ExchangeMaps {
 public:
  ExchangeMaps(Lane& request, Lane& response);

  // Null: the plugin cannot have it now, or it is no map of a message.
  abi::HeaderMap* offered(size_t plugin, abi::MapType type);
  // Whatever is in it. Null: it is no map of a message.
  abi::HeaderMap* find(abi::MapType type);

 private:
  Lane& request_;
  Lane& response_;
  CheckedHeaders maps_[4];  // by abi::MapType
};

}  // namespace weir::serve
