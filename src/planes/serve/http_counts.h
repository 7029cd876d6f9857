#pragma once

#include "planes/serve/filter_chain.h"
#include "planes/serve/listener.h"

namespace weir::serve {

// What is counted by the stat_prefix of an HTTP connection manager. Thread: the worker's changes
// it, any reads it.
struct HttpCounts {
  ListenerStats codecs;  // of its connections
  ExchangeStats exchanges;
};

}  // namespace weir::serve
