// What Envoy calls of an HTTP filter, and of its streams to clusters. Each function has the name
// and the parameters that Envoy's ABI gives it.

#include "planes/envoy/http_stream.h"
#include "planes/envoy/module.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

using abi::EndOfStream;
using runtime::Direction;

EndOfStream eos(bool end) { return end ? EndOfStream::Yes : EndOfStream::No; }

// Runs `what` of the stream as one event, and gives its answer to Envoy.
template <typename What>
auto ask(HttpStream* stream, What what) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Asks);
  return what();
}

// The same of an event that wants none.
template <typename What>
void tell(HttpStream* stream, What what) {
  const Worker::Event scope(stream->worker(), stream, Worker::EventKind::Tells);
  what();
}

}  // namespace

WEIR_ENVOY_HOOK HttpStream* envoy_dynamic_module_on_http_filter_new(const Configuration* config,
                                                                    EnvoyHttpFilter* filter) {
  return new HttpStream(Worker::here(), *config, filter);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_destroy(HttpStream* stream) {
  Worker& worker = stream->worker();
  const Worker::Event scope(worker, stream, Worker::EventKind::Ends);
  stream->on_destroy();
  worker.bury(std::unique_ptr<HttpStream>(stream));
}

WEIR_ENVOY_HOOK abi::HeadersAction envoy_dynamic_module_on_http_filter_request_headers(
    EnvoyHttpFilter*, HttpStream* stream, bool end) {
  return ask(stream, [&] { return stream->on_headers(Direction::Request, eos(end)); });
}

WEIR_ENVOY_HOOK abi::DataAction envoy_dynamic_module_on_http_filter_request_body(EnvoyHttpFilter*,
                                                                                 HttpStream* stream,
                                                                                 bool end) {
  return ask(stream, [&] { return stream->on_body(Direction::Request, eos(end)); });
}

WEIR_ENVOY_HOOK abi::TrailersAction envoy_dynamic_module_on_http_filter_request_trailers(
    EnvoyHttpFilter*, HttpStream* stream) {
  return ask(stream, [&] { return stream->on_trailers(Direction::Request); });
}

WEIR_ENVOY_HOOK abi::HeadersAction envoy_dynamic_module_on_http_filter_response_headers(
    EnvoyHttpFilter*, HttpStream* stream, bool end) {
  return ask(stream, [&] { return stream->on_headers(Direction::Response, eos(end)); });
}

WEIR_ENVOY_HOOK abi::DataAction envoy_dynamic_module_on_http_filter_response_body(
    EnvoyHttpFilter*, HttpStream* stream, bool end) {
  return ask(stream, [&] { return stream->on_body(Direction::Response, eos(end)); });
}

WEIR_ENVOY_HOOK abi::TrailersAction envoy_dynamic_module_on_http_filter_response_trailers(
    EnvoyHttpFilter*, HttpStream* stream) {
  return ask(stream, [&] { return stream->on_trailers(Direction::Response); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_stream_complete(EnvoyHttpFilter*,
                                                                         HttpStream* stream) {
  tell(stream, [&] { stream->on_complete(); });
}

// The stream is its worker's beacon: there is work.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_scheduled(EnvoyHttpFilter*,
                                                                   HttpStream* stream, uint64_t) {
  tell(stream, [&] { stream->worker().on_woken(); });
}

// Calls are streams here, also those with one request and one answer.
WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_callout_done(
    EnvoyHttpFilter*, HttpStream*, uint64_t, int32_t, EnvoyHeader*, size_t, EnvoyBuffer*, size_t) {}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_stream_headers(
    EnvoyHttpFilter*, HttpStream* stream, uint64_t id, EnvoyHeader* headers, size_t count,
    bool end) {
  tell(stream, [&] { stream->calls().on_headers(id, headers, count, end); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_stream_data(EnvoyHttpFilter*,
                                                                          HttpStream* stream,
                                                                          uint64_t id,
                                                                          const EnvoyBuffer* pieces,
                                                                          size_t count, bool end) {
  tell(stream, [&] { stream->calls().on_data(id, pieces, count, end); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_stream_trailers(
    EnvoyHttpFilter*, HttpStream* stream, uint64_t id, EnvoyHeader* trailers, size_t count) {
  tell(stream, [&] { stream->calls().on_trailers(id, trailers, count); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_stream_complete(EnvoyHttpFilter*,
                                                                              HttpStream* stream,
                                                                              uint64_t id) {
  tell(stream, [&] { stream->calls().on_complete(id); });
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_http_filter_http_stream_reset(EnvoyHttpFilter*,
                                                                           HttpStream* stream,
                                                                           uint64_t id, int32_t) {
  tell(stream, [&] { stream->calls().on_reset(id); });
}

// Envoy itself holds data back where a client is slow; plugins have no say in it.
WEIR_ENVOY_HOOK void
envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(EnvoyHttpFilter*,
                                                                                 HttpStream*) {}

WEIR_ENVOY_HOOK void
envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(EnvoyHttpFilter*,
                                                                                HttpStream*) {}

}  // namespace weir::envoy_plane
