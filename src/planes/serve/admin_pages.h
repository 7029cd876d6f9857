#pragma once
// What the admin pages say, each of what is given to it. Thread: any.

#include <string>
#include <string_view>
#include <vector>

#include "planes/serve/admin.h"
#include "planes/serve/admin_query.h"
#include "runtime/metrics.h"

namespace weir::serve {

// /stats: by `format` as text, JSON or for Prometheus; `filter` and `usedonly` leave some out.
AdminReply stats_page(const runtime::MetricStore& metrics, const AdminQuery& query);
AdminReply prometheus_page(const runtime::MetricStore& metrics, const AdminQuery& query);

// /listeners
AdminReply listeners_page(const UpdateStatus& status, const AdminQuery& query);

// /clusters. `workers`: what each says; an endpoint is as well as the worker says that it serves
// worst.
AdminReply clusters_page(const UpdateStatus& status,
                         const std::vector<WorkerThread::ClusterStatuses>& workers,
                         const AdminQuery& query);

// /certs: those that are shown, and those that others' are held against.
AdminReply certs_page(const UpdateStatus& status);

// /config_dump: the configuration that serves.
AdminReply config_dump_page(const UpdateStatus& status);

}  // namespace weir::serve
