// What Envoy calls of network filters and their configurations. Each function has the name and the
// parameters that Envoy's ABI gives it.

#include "planes/envoy/module.h"
#include "planes/envoy/needed_callbacks.h"
#include "planes/envoy/network_stream.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

using abi::EndOfStream;
using runtime::Direction;

Result<std::unique_ptr<Configuration>> make_config(EnvoyNetworkConfig* envoy, EnvoyBuffer name,
                                                   EnvoyBuffer bytes) {
  WEIR_TRY(check_callbacks(Part::NetworkFilter));
  return Configuration::make(Module::get(), {"filter_config", name.view(), bytes.view()},
                             {stats_of(envoy), carrier_of(envoy)});
}

abi::NetworkAction on_data(NetworkStream* stream, Direction direction, bool end) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Asks);
  return stream->on_data(direction, end ? EndOfStream::Yes : EndOfStream::No);
}

}  // namespace

// Null where it cannot be used as written: Envoy then rejects what it is part of.
WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_network_filter_config_new(
    EnvoyNetworkConfig* envoy, EnvoyBuffer name, EnvoyBuffer bytes) {
  auto made = make_config(envoy, name, bytes);
  if (made.ok()) return std::move(made).value().release();
  Module::get().host().logger().log(LogLevel::Error, made.error().message);
  return nullptr;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_config_destroy(
    const Configuration* config) {
  delete config;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_config_scheduled(const Configuration*,
                                                                             uint64_t) {
  Module::get().main_thread().work();
}

WEIR_ENVOY_HOOK NetworkStream* envoy_dynamic_module_on_network_filter_new(
    const Configuration* config, EnvoyNetworkFilter* filter) {
  return new NetworkStream(Worker::here(), *config, filter);
}

WEIR_ENVOY_HOOK abi::NetworkAction envoy_dynamic_module_on_network_filter_new_connection(
    EnvoyNetworkFilter*, NetworkStream* stream) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Asks);
  return stream->on_new_connection();
}

WEIR_ENVOY_HOOK abi::NetworkAction envoy_dynamic_module_on_network_filter_read(
    EnvoyNetworkFilter*, NetworkStream* stream, size_t, bool end) {
  return on_data(stream, Direction::Request, end);
}

WEIR_ENVOY_HOOK abi::NetworkAction envoy_dynamic_module_on_network_filter_write(
    EnvoyNetworkFilter*, NetworkStream* stream, size_t, bool end) {
  return on_data(stream, Direction::Response, end);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_event(EnvoyNetworkFilter*,
                                                                  NetworkStream* stream,
                                                                  NetworkEvent event) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Tells);
  stream->on_event(event);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_destroy(NetworkStream* stream) {
  Worker& worker = stream->worker();
  const Worker::Event scope(worker, stream, Worker::EventKind::Ends);
  stream->on_destroy();
  worker.bury(std::unique_ptr<NetworkStream>(stream));
}

// The connection is its worker's beacon: there is work.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_scheduled(EnvoyNetworkFilter*,
                                                                      NetworkStream* stream,
                                                                      uint64_t) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Tells);
  stream->worker().on_woken();
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_network_filter_http_callout_done(
    EnvoyNetworkFilter*, NetworkStream* stream, uint64_t id, CalloutResult result,
    EnvoyHeader* headers, size_t header_count, EnvoyBuffer* pieces, size_t piece_count) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Tells);
  stream->calls().on_done(id, {result, headers, header_count, pieces, piece_count});
}

}  // namespace weir::envoy_plane
