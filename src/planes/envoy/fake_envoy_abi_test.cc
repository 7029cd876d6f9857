// The functions of the stand-in for Envoy that a module finds by their names.

#include <cstdio>
#include <string>
#include <utility>

#include "planes/envoy/fake_envoy.h"

namespace weir::envoy_plane {

struct EnvoyHttpScheduler {
  std::weak_ptr<EnvoyHttpFilter> filter;
  FakeLoop* loop;
};
struct EnvoyConfigScheduler {
  std::weak_ptr<EnvoyHttpConfig> config;
};
struct EnvoyClusterScheduler {
  std::weak_ptr<EnvoyCluster> cluster;
};

namespace {

// So many calls of the main thread are never answered.
constexpr uint64_t kHangs = 3;

std::string_view text_of(ModuleBuffer buffer) { return {buffer.data, buffer.size}; }

auto* headers_of(EnvoyHttpFilter* filter, HeaderType type) {
  using Headers = std::map<std::string, std::string, std::less<>>;
  Headers* found = nullptr;
  if (type == HeaderType::Request) found = &filter->request;
  if (type == HeaderType::Response) found = &filter->response;
  return found;
}

template <typename Hook>
void answer(Hook hook) {
  constexpr std::string_view kName = ":status";
  constexpr std::string_view kValue = "200";
  EnvoyHeader status{kName.data(), kName.size(), kValue.data(), kValue.size()};
  hook(&status);
}

}  // namespace

extern "C" {

void envoy_dynamic_module_callback_log(int32_t, ModuleBuffer message) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size), message.data);
}
int32_t envoy_dynamic_module_callback_get_log_level() { return 4; }

bool envoy_dynamic_module_callback_http_get_header(EnvoyHttpFilter* filter, HeaderType type,
                                                   ModuleBuffer name, EnvoyBuffer* value,
                                                   size_t index, size_t* count) {
  auto* headers = headers_of(filter, type);
  if (headers == nullptr || index > 0) return false;
  const auto found = headers->find(text_of(name));
  if (found == headers->end()) return false;
  *value = {found->second.data(), found->second.size()};
  if (count != nullptr) *count = 1;
  return true;
}
size_t envoy_dynamic_module_callback_http_get_headers_size(EnvoyHttpFilter* filter,
                                                           HeaderType type) {
  auto* headers = headers_of(filter, type);
  return headers == nullptr ? 0 : headers->size();
}
bool envoy_dynamic_module_callback_http_get_headers(EnvoyHttpFilter* filter, HeaderType type,
                                                    EnvoyHeader* all) {
  auto* headers = headers_of(filter, type);
  if (headers == nullptr) return false;
  for (const auto& [name, value] : *headers) {
    *all++ = {name.data(), name.size(), value.data(), value.size()};
  }
  return true;
}
bool envoy_dynamic_module_callback_http_set_header(EnvoyHttpFilter* filter, HeaderType type,
                                                   ModuleBuffer name, ModuleBuffer value) {
  auto* headers = headers_of(filter, type);
  if (headers == nullptr) return false;
  if (value.size == 0) {
    headers->erase(std::string(text_of(name)));
  } else {
    headers->insert_or_assign(std::string(text_of(name)), std::string(text_of(value)));
  }
  return true;
}
bool envoy_dynamic_module_callback_http_add_header(EnvoyHttpFilter* filter, HeaderType type,
                                                   ModuleBuffer name, ModuleBuffer value) {
  return envoy_dynamic_module_callback_http_set_header(filter, type, name, value);
}

// Streams have no bodies here: what reads those is in body_test.cc.
bool envoy_dynamic_module_callback_http_received_buffered_request_body(EnvoyHttpFilter*) {
  return false;
}
bool envoy_dynamic_module_callback_http_received_buffered_response_body(EnvoyHttpFilter*) {
  return false;
}

void envoy_dynamic_module_callback_http_send_response(EnvoyHttpFilter* filter, uint32_t status,
                                                      ModuleHeader*, size_t, ModuleBuffer,
                                                      ModuleBuffer) {
  filter->response = {{":status", std::to_string(status)}};
  filter->finish();
}
void envoy_dynamic_module_callback_http_filter_continue_decoding(EnvoyHttpFilter* filter) {
  filter->respond();
}
void envoy_dynamic_module_callback_http_filter_continue_encoding(EnvoyHttpFilter*) {}
void envoy_dynamic_module_callback_http_filter_reset_stream(EnvoyHttpFilter* filter, StreamReset,
                                                            ModuleBuffer) {
  filter->response = {{":status", "0"}};
  filter->finish();
}
void envoy_dynamic_module_callback_http_clear_route_cache(EnvoyHttpFilter*) {}
const void* envoy_dynamic_module_callback_get_most_specific_route_config(EnvoyHttpFilter*) {
  return nullptr;
}

// Nothing is known of a stream but its request's pseudo-headers.
bool envoy_dynamic_module_callback_http_filter_get_attribute_string(EnvoyHttpFilter* filter,
                                                                    AttributeId attribute,
                                                                    EnvoyBuffer* value) {
  const std::string_view name = attribute == AttributeId::RequestPath     ? ":path"
                                : attribute == AttributeId::RequestMethod ? ":method"
                                : attribute == AttributeId::RequestHost   ? ":authority"
                                                                          : "";
  return envoy_dynamic_module_callback_http_get_header(filter, HeaderType::Request, name, value, 0,
                                                       nullptr);
}
bool envoy_dynamic_module_callback_http_filter_get_attribute_int(EnvoyHttpFilter*, AttributeId,
                                                                 uint64_t*) {
  return false;
}
bool envoy_dynamic_module_callback_http_filter_get_attribute_bool(EnvoyHttpFilter*, AttributeId,
                                                                  bool*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_cluster_name(EnvoyHttpFilter*, EnvoyBuffer*) {
  return false;
}
bool envoy_dynamic_module_callback_http_set_filter_state_bytes(EnvoyHttpFilter*, ModuleBuffer,
                                                               ModuleBuffer) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_filter_state_bytes(EnvoyHttpFilter*, ModuleBuffer,
                                                               EnvoyBuffer*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_filter_state_typed(EnvoyHttpFilter*, ModuleBuffer,
                                                               EnvoyBuffer*) {
  return false;
}
bool envoy_dynamic_module_callback_http_set_filter_state_object(EnvoyHttpFilter*, ModuleBuffer,
                                                                void* object,
                                                                FilterStateDestructor destroy,
                                                                FilterStateLife) {
  destroy(object);
  return false;
}
void* envoy_dynamic_module_callback_http_get_filter_state_object(EnvoyHttpFilter*, ModuleBuffer) {
  return nullptr;
}
bool envoy_dynamic_module_callback_http_set_dynamic_metadata_number(EnvoyHttpFilter*, ModuleBuffer,
                                                                    ModuleBuffer, double) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_string(EnvoyHttpFilter*, MetadataSource,
                                                            ModuleBuffer, ModuleBuffer,
                                                            EnvoyBuffer*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_number(EnvoyHttpFilter*, MetadataSource,
                                                            ModuleBuffer, ModuleBuffer, double*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_bool(EnvoyHttpFilter*, MetadataSource,
                                                          ModuleBuffer, ModuleBuffer, bool*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_list_size(EnvoyHttpFilter*, MetadataSource,
                                                               ModuleBuffer, ModuleBuffer,
                                                               size_t*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_list_string(EnvoyHttpFilter*, MetadataSource,
                                                                 ModuleBuffer, ModuleBuffer, size_t,
                                                                 EnvoyBuffer*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_list_number(EnvoyHttpFilter*, MetadataSource,
                                                                 ModuleBuffer, ModuleBuffer, size_t,
                                                                 double*) {
  return false;
}
bool envoy_dynamic_module_callback_http_get_metadata_list_bool(EnvoyHttpFilter*, MetadataSource,
                                                               ModuleBuffer, ModuleBuffer, size_t,
                                                               bool*) {
  return false;
}

// Wakers.
EnvoyHttpScheduler* envoy_dynamic_module_callback_http_filter_scheduler_new(
    EnvoyHttpFilter* filter) {
  return new EnvoyHttpScheduler{filter->weak_from_this(), filter->loop};
}
void envoy_dynamic_module_callback_http_filter_scheduler_commit(EnvoyHttpScheduler* scheduler,
                                                                uint64_t event) {
  scheduler->loop->post([weak = scheduler->filter, event] {
    const auto filter = weak.lock();
    if (filter == nullptr || filter->is_over) return;
    envoy_dynamic_module_on_http_filter_scheduled(filter.get(), filter->module, event);
  });
}
void envoy_dynamic_module_callback_http_filter_scheduler_delete(EnvoyHttpScheduler* scheduler) {
  delete scheduler;
}
EnvoyConfigScheduler* envoy_dynamic_module_callback_http_filter_config_scheduler_new(
    EnvoyHttpConfig* config) {
  return new EnvoyConfigScheduler{config->weak_from_this()};
}
void envoy_dynamic_module_callback_http_filter_config_scheduler_commit(
    EnvoyConfigScheduler* scheduler, uint64_t event) {
  FakeEnvoy::get().main().post([weak = scheduler->config, event] {
    if (const auto config = weak.lock()) {
      envoy_dynamic_module_on_http_filter_config_scheduled(config.get(), config->module, event);
    }
  });
}
void envoy_dynamic_module_callback_http_filter_config_scheduler_delete(
    EnvoyConfigScheduler* scheduler) {
  delete scheduler;
}
EnvoyClusterScheduler* envoy_dynamic_module_callback_cluster_scheduler_new(EnvoyCluster* cluster) {
  return new EnvoyClusterScheduler{cluster->weak_from_this()};
}
void envoy_dynamic_module_callback_cluster_scheduler_commit(EnvoyClusterScheduler* scheduler,
                                                            uint64_t event) {
  FakeEnvoy::get().main().post([weak = scheduler->cluster, event] {
    if (const auto cluster = weak.lock()) {
      envoy_dynamic_module_on_cluster_scheduled(cluster.get(), cluster->module, event);
    }
  });
}
void envoy_dynamic_module_callback_cluster_scheduler_delete(EnvoyClusterScheduler* scheduler) {
  delete scheduler;
}
void envoy_dynamic_module_callback_cluster_pre_init_complete(EnvoyCluster*) {}
void envoy_dynamic_module_callback_cluster_run_on_all_workers(EnvoyCluster* cluster,
                                                              uint64_t event) {
  for (size_t i = 0; i < FakeEnvoy::get().workers(); ++i) {
    FakeEnvoy::get().worker(i).post([weak = cluster->weak_from_this(), event] {
      if (const auto here = weak.lock()) {
        envoy_dynamic_module_on_cluster_worker_event(here.get(), here->module, event);
      }
    });
  }
}
CallStart envoy_dynamic_module_callback_cluster_http_callout(EnvoyCluster*, uint64_t*, ModuleBuffer,
                                                             ModuleHeader*, size_t, ModuleBuffer,
                                                             uint64_t) {
  return CallStart::CannotCreate;
}

// Calls of a stream are answered in its worker's next task.
CallStart envoy_dynamic_module_callback_http_filter_start_http_stream(EnvoyHttpFilter* filter,
                                                                      uint64_t* id, ModuleBuffer,
                                                                      ModuleHeader*, size_t,
                                                                      ModuleBuffer, bool,
                                                                      uint64_t) {
  *id = ++filter->last_call;
  filter->calls[*id] = true;
  filter->loop->post([weak = filter->weak_from_this(), call = *id] {
    const auto here = weak.lock();
    if (here == nullptr || here->is_over || here->calls.erase(call) == 0) return;
    answer([&](EnvoyHeader* status) {
      envoy_dynamic_module_on_http_filter_http_stream_headers(here.get(), here->module, call,
                                                              status, 1, true);
    });
    if (here->is_over) return;
    envoy_dynamic_module_on_http_filter_http_stream_complete(here.get(), here->module, call);
  });
  return CallStart::Started;
}
void envoy_dynamic_module_callback_http_filter_reset_http_stream(EnvoyHttpFilter* filter,
                                                                 uint64_t id) {
  filter->calls.erase(id);
}
bool envoy_dynamic_module_callback_http_stream_send_data(EnvoyHttpFilter*, uint64_t, ModuleBuffer,
                                                         bool) {
  return true;
}
bool envoy_dynamic_module_callback_http_stream_send_trailers(EnvoyHttpFilter*, uint64_t,
                                                             ModuleHeader*, size_t) {
  return true;
}

// Calls of the main thread are answered in one of its next tasks, or not at all.
CallStart envoy_dynamic_module_callback_http_filter_config_start_http_stream(
    EnvoyHttpConfig* config, uint64_t* id, ModuleBuffer, ModuleHeader*, size_t, ModuleBuffer, bool,
    uint64_t) {
  *id = ++config->last_call;
  config->calls[*id] = true;
  FakeEnvoy::get().count_calls(1);
  if (*id % kHangs == 0) return CallStart::Started;
  FakeEnvoy::get().main().post([weak = config->weak_from_this(), call = *id] {
    const auto here = weak.lock();
    if (here == nullptr || !here->end_call(call)) return;
    answer([&](EnvoyHeader* status) {
      envoy_dynamic_module_on_http_filter_config_http_stream_headers(here.get(), here->module, call,
                                                                     status, 1, true);
    });
    envoy_dynamic_module_on_http_filter_config_http_stream_complete(here.get(), here->module, call);
  });
  return CallStart::Started;
}
void envoy_dynamic_module_callback_http_filter_config_reset_http_stream(EnvoyHttpConfig* config,
                                                                        uint64_t id) {
  if (!config->end_call(id)) return;
  envoy_dynamic_module_on_http_filter_config_http_stream_reset(config, config->module, id, 0);
}
bool envoy_dynamic_module_callback_http_filter_config_stream_send_data(EnvoyHttpConfig*, uint64_t,
                                                                       ModuleBuffer, bool) {
  return true;
}
bool envoy_dynamic_module_callback_http_filter_config_stream_send_trailers(EnvoyHttpConfig*,
                                                                           uint64_t, ModuleHeader*,
                                                                           size_t) {
  return true;
}

// Stats.
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_counter(
    EnvoyHttpConfig* config, ModuleBuffer, ModuleBuffer*, size_t, size_t* id) {
  *id = config->stats.size();
  config->stats.emplace_back(0);
  return MetricsResult::Success;
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_gauge(
    EnvoyHttpConfig* config, ModuleBuffer name, ModuleBuffer* labels, size_t count, size_t* id) {
  return envoy_dynamic_module_callback_http_filter_config_define_counter(config, name, labels,
                                                                         count, id);
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_define_histogram(
    EnvoyHttpConfig* config, ModuleBuffer name, ModuleBuffer* labels, size_t count, size_t* id) {
  return envoy_dynamic_module_callback_http_filter_config_define_counter(config, name, labels,
                                                                         count, id);
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_increment_counter(
    EnvoyHttpConfig* config, size_t id, ModuleBuffer* labels, size_t count, uint64_t by) {
  if (count == 0) {
    config->stats[id] += by;
  } else {
    const std::lock_guard lock(config->mutex);
    config->families[{id, std::string(text_of(*labels))}] += by;
  }
  return MetricsResult::Success;
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_increment_gauge(
    EnvoyHttpConfig* config, size_t id, ModuleBuffer* labels, size_t count, uint64_t by) {
  return envoy_dynamic_module_callback_http_filter_config_increment_counter(config, id, labels,
                                                                            count, by);
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_decrement_gauge(
    EnvoyHttpConfig* config, size_t id, ModuleBuffer* labels, size_t count, uint64_t by) {
  return envoy_dynamic_module_callback_http_filter_config_increment_counter(config, id, labels,
                                                                            count, by);
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_set_gauge(
    EnvoyHttpConfig* config, size_t id, ModuleBuffer* labels, size_t count, uint64_t value) {
  return envoy_dynamic_module_callback_http_filter_config_increment_counter(config, id, labels,
                                                                            count, value);
}
MetricsResult envoy_dynamic_module_callback_http_filter_config_record_histogram_value(
    EnvoyHttpConfig* config, size_t id, ModuleBuffer* labels, size_t count, uint64_t value) {
  return envoy_dynamic_module_callback_http_filter_config_increment_counter(config, id, labels,
                                                                            count, value);
}
}

}  // namespace weir::envoy_plane
