#pragma once
// The proxy's own counters, summed over workers and named as in Envoy.

#include <memory>
#include <span>

#include "planes/serve/worker_thread.h"
#include "runtime/metrics.h"

namespace weir::serve {

// Writes the sums into `metrics`: "http.STAT_PREFIX.downstream_rq_total" and its like. Workers
// count each for itself; nothing is shared while requests run. Thread: any, one at a time.
void report_stats(std::span<const std::unique_ptr<WorkerThread>> workers,
                  runtime::MetricStore& metrics);

}  // namespace weir::serve
