// Every name of the usual C++ SDK's interface, with the types that programs use it by. That this
// file compiles is the test; calls.cc calls them.

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "proxy_wasm_intrinsics.h"
//
#include "contrib/proxy_expr.h"
#include "proxy_wasm_api.h"
#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"
#include "proxy_wasm_externs.h"

#if WASM_EXCEPTIONS
#error "no exception leaves a plugin"
#endif

#ifndef PROXY_WASM_KEEPALIVE
#error "PROXY_WASM_KEEPALIVE is missing"
#endif

namespace {

// A function by its type.
template <typename Type>
constexpr void is(Type* /* function */) {}

using View = std::string_view;
using Data = const char**;
using Size = size_t*;
using Id = uint32_t*;

constexpr void externs() {
  is<WasmResult(Data, Size)>(proxy_get_configuration);
  is<WasmResult(Id, Data, Size)>(proxy_get_status);
  is<WasmResult(LogLevel, const char*, size_t)>(proxy_log);
  is<WasmResult(LogLevel*)>(proxy_get_log_level);
  is<WasmResult(uint32_t)>(proxy_set_tick_period_milliseconds);
  is<WasmResult(uint64_t*)>(proxy_get_current_time_nanoseconds);
  is<WasmResult(const char*, size_t, Data, Size)>(proxy_get_property);
  is<WasmResult(const char*, size_t, const char*, size_t)>(proxy_set_property);
  is<WasmResult(WasmStreamType)>(proxy_continue_stream);
  is<WasmResult(WasmStreamType)>(proxy_close_stream);
  is<WasmResult()>(proxy_continue_request);
  is<WasmResult()>(proxy_continue_response);
  is<WasmResult(uint32_t, const char*, size_t, const char*, size_t, const char*, size_t, uint32_t)>(
      proxy_send_local_response);
  is<WasmResult()>(proxy_clear_route_cache);
  is<WasmResult(const char*, size_t, Data, Size, Id)>(proxy_get_shared_data);
  is<WasmResult(const char*, size_t, const char*, size_t, uint32_t)>(proxy_set_shared_data);
  is<WasmResult(const char*, size_t, Id)>(proxy_register_shared_queue);
  is<WasmResult(const char*, size_t, const char*, size_t, Id)>(proxy_resolve_shared_queue);
  is<WasmResult(uint32_t, Data, Size)>(proxy_dequeue_shared_queue);
  is<WasmResult(uint32_t, const char*, size_t)>(proxy_enqueue_shared_queue);
  using Map = WasmHeaderMapType;
  is<WasmResult(Map, const char*, size_t, const char*, size_t)>(proxy_add_header_map_value);
  is<WasmResult(Map, const char*, size_t, Data, Size)>(proxy_get_header_map_value);
  is<WasmResult(Map, Data, Size)>(proxy_get_header_map_pairs);
  is<WasmResult(Map, const char*, size_t)>(proxy_set_header_map_pairs);
  is<WasmResult(Map, const char*, size_t, const char*, size_t)>(proxy_replace_header_map_value);
  is<WasmResult(Map, const char*, size_t)>(proxy_remove_header_map_value);
  is<WasmResult(Map, Size)>(proxy_get_header_map_size);
  is<WasmResult(WasmBufferType, uint32_t, uint32_t, Data, Size)>(proxy_get_buffer_bytes);
  is<WasmResult(WasmBufferType, Size, Id)>(proxy_get_buffer_status);
  is<WasmResult(WasmBufferType, uint32_t, uint32_t, const char*, size_t)>(proxy_set_buffer_bytes);
  is<WasmResult(const char*, size_t, void*, size_t, const char*, size_t, void*, size_t, uint32_t,
                Id)>(proxy_http_call);
  is<WasmResult(const char*, size_t, const char*, size_t, const char*, size_t, void*, size_t,
                const char*, size_t, uint32_t, Id)>(proxy_grpc_call);
  is<WasmResult(const char*, size_t, const char*, size_t, const char*, size_t, void*, size_t, Id)>(
      proxy_grpc_stream);
  is<WasmResult(uint32_t)>(proxy_grpc_cancel);
  is<WasmResult(uint32_t)>(proxy_grpc_close);
  is<WasmResult(uint32_t, const char*, size_t, uint32_t)>(proxy_grpc_send);
  is<WasmResult(MetricType, const char*, size_t, Id)>(proxy_define_metric);
  is<WasmResult(uint32_t, int64_t)>(proxy_increment_metric);
  is<WasmResult(uint32_t, uint64_t)>(proxy_record_metric);
  is<WasmResult(uint32_t, uint64_t*)>(proxy_get_metric);
  is<WasmResult(uint32_t)>(proxy_set_effective_context);
  is<WasmResult()>(proxy_done);
  is<WasmResult(const char*, size_t, const char*, size_t, char**, Size)>(
      proxy_call_foreign_function);
  is<WasmResult(const char*, size_t, Id)>(envoy_resolve_dns);
}

constexpr void callbacks() {
  is<uint32_t(uint32_t, uint32_t)>(proxy_on_vm_start);
  is<uint32_t(uint32_t, uint32_t)>(proxy_validate_configuration);
  is<uint32_t(uint32_t, uint32_t)>(proxy_on_configure);
  is<void(uint32_t)>(proxy_on_tick);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_foreign_function);
  is<void(uint32_t, uint32_t)>(proxy_on_queue_ready);
  is<void(uint32_t, uint32_t)>(proxy_on_context_create);
  is<FilterHeadersStatus(uint32_t, uint32_t, uint32_t)>(proxy_on_request_headers);
  is<FilterDataStatus(uint32_t, uint32_t, uint32_t)>(proxy_on_request_body);
  is<FilterTrailersStatus(uint32_t, uint32_t)>(proxy_on_request_trailers);
  is<FilterMetadataStatus(uint32_t, uint32_t)>(proxy_on_request_metadata);
  is<FilterHeadersStatus(uint32_t, uint32_t, uint32_t)>(proxy_on_response_headers);
  is<FilterDataStatus(uint32_t, uint32_t, uint32_t)>(proxy_on_response_body);
  is<FilterTrailersStatus(uint32_t, uint32_t)>(proxy_on_response_trailers);
  is<FilterMetadataStatus(uint32_t, uint32_t)>(proxy_on_response_metadata);
  is<void(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t)>(proxy_on_http_call_response);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_grpc_receive_initial_metadata);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_grpc_receive_trailing_metadata);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_grpc_trailing_metadata);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_grpc_receive);
  is<void(uint32_t, uint32_t, uint32_t)>(proxy_on_grpc_close);
  is<uint32_t(uint32_t)>(proxy_on_done);
  is<void(uint32_t)>(proxy_on_log);
  is<void(uint32_t)>(proxy_on_delete);
}

constexpr void data_and_log() {
  for (const auto log : {logTrace, logDebug, logInfo, logWarn, logError, logCritical}) {
    is<WasmResult(View)>(log);
  }
  is<void(View)>(logAbort);
  is<uint64_t()>(getCurrentTimeNanoseconds);
  is<size_t(const HeaderStringPairs&)>(pairsSize<HeaderStringPairs>);
  is<void(const HeaderStringPairs&, char*)>(marshalPairs<HeaderStringPairs>);
  is<void(const HeaderStringPairs&, Data, Size)>(exportPairs<HeaderStringPairs>);
  is<void(const HeaderStringPairs&, void**, Size)>(MakeHeaderStringPairsBuffer);
  is<std::string(WasmResult)>(toString);
  is<std::string(int)>(toString<int>);
  is<std::string(bool)>(toString<bool>);
  is<std::string(const char*)>(toString<const char*>);
  is<std::string(std::string)>(toString<std::string>);
  static_assert(std::is_same_v<Optional<int>, std::optional<int>>);
  static_assert(std::is_same_v<StringView, std::string_view>);
  static_assert(std::is_same_v<WasmDataPtr, std::unique_ptr<WasmData>>);
  static_assert(std::is_same_v<StringToStringView<std::string>::type, std::string_view>);
  static_assert(
      std::is_same_v<HeaderStringPairs, std::vector<std::pair<std::string, std::string>>>);
}

constexpr void contexts() {
  is<ContextBase*(uint32_t)>(getContextBase);
  is<RootContext*(uint32_t)>(getRootContext);
  is<Context*(uint32_t)>(getContext);
  is<RootContext*(View)>(getRoot);
  static_assert(std::is_constructible_v<RegisterContextFactory, ContextFactory, RootFactory>);
  static_assert(std::is_constructible_v<RegisterContextFactory, ContextFactory, View>);
  static_assert(std::is_constructible_v<RegisterContextFactory, RootFactory, View>);
  static_assert(std::is_base_of_v<ContextBase, Context>);
  static_assert(std::is_base_of_v<ContextBase, RootContext>);
  static_assert(std::is_base_of_v<GrpcCallHandlerBase, GrpcCallHandler<int>>);
  static_assert(std::is_base_of_v<GrpcStreamHandlerBase, GrpcStreamHandler<int, int>>);
}

constexpr void properties() {
  using Parts = const std::initializer_list<View>&;
  using Texts = const std::vector<std::string>&;
  is<Optional<WasmDataPtr>(Parts)>(getProperty);
  is<Optional<WasmDataPtr>(Texts)>(getProperty<std::string>);
  is<bool(Parts, int64_t*)>(getValue<int64_t>);
  is<bool(Parts, std::string*)>(getValue<std::string>);
  is<bool(Texts, std::string*)>(getValue<std::string, std::string>);
  is<WasmResult(View, View)>(setFilterState);
  is<WasmResult(View, View)>(setFilterStateStringValue);
}

constexpr void streams() {
  for (const auto change : {continueRequest, continueResponse, closeRequest, closeResponse,
                            continueDownstream, continueUpstream, closeDownstream, closeUpstream}) {
    is<WasmResult()>(change);
  }
  is<WasmResult(uint32_t, View, View, const HeaderStringPairs&, GrpcStatus)>(sendLocalResponse);
  is<WasmDataPtr(WasmBufferType, size_t, size_t)>(getBufferBytes);
  is<WasmResult(WasmBufferType, Size, Id)>(getBufferStatus);
  is<WasmResult(WasmBufferType, size_t, size_t, View, Size)>(setBuffer);
}

constexpr void header_maps() {
  is<WasmResult(WasmHeaderMapType, View, View)>(addHeaderMapValue);
  is<WasmDataPtr(WasmHeaderMapType, View)>(getHeaderMapValue);
  is<WasmResult(WasmHeaderMapType, View, View)>(replaceHeaderMapValue);
  is<WasmResult(WasmHeaderMapType, View)>(removeHeaderMapValue);
  is<WasmDataPtr(WasmHeaderMapType)>(getHeaderMapPairs);
  is<WasmResult(WasmHeaderMapType, const HeaderStringPairs&)>(setHeaderMapPairs);
  is<WasmResult(WasmHeaderMapType, Size)>(getHeaderMapSize);
  for (const auto set :
       {addRequestHeader, replaceRequestHeader, addRequestTrailer, replaceRequestTrailer,
        addResponseHeader, replaceResponseHeader, addResponseTrailer, replaceResponseTrailer}) {
    is<WasmResult(View, View)>(set);
  }
  for (const auto get :
       {getRequestHeader, getRequestTrailer, getResponseHeader, getResponseTrailer}) {
    is<WasmDataPtr(View)>(get);
  }
  for (const auto remove :
       {removeRequestHeader, removeRequestTrailer, removeResponseHeader, removeResponseTrailer}) {
    is<WasmResult(View)>(remove);
  }
  for (const auto list : {getRequestHeaderPairs, getRequestTrailerPairs, getResponseHeaderPairs,
                          getResponseTrailerPairs}) {
    is<WasmDataPtr()>(list);
  }
  for (const auto set : {setRequestHeaderPairs, setRequestTrailerPairs, setResponseHeaderPairs,
                         setResponseTrailerPairs}) {
    is<WasmResult(const HeaderStringPairs&)>(set);
  }
  for (const auto count : {getRequestHeaderSize, getRequestTrailerSize, getResponseHeaderSize,
                           getResponseTrailerSize}) {
    is<WasmResult(Size)>(count);
  }
}

constexpr void shared() {
  is<WasmResult(View, WasmDataPtr*, Id)>(getSharedData);
  is<WasmResult(View, View, uint32_t)>(setSharedData);
  is<WasmDataPtr(View, Id)>(getSharedDataValue);
  is<WasmResult(View, Id)>(registerSharedQueue);
  is<WasmResult(View, View, Id)>(resolveSharedQueue);
  is<WasmResult(uint32_t, View)>(enqueueSharedQueue);
  is<WasmResult(uint32_t, WasmDataPtr*)>(dequeueSharedQueue);
}

constexpr void calls() {
  using Headers = const HeaderStringPairs&;
  is<WasmResult(View, Headers, View, Headers, uint32_t, Id)>(makeHttpCall);
  is<WasmResult(View, View, View, Headers, View, uint32_t, Id)>(grpcCall);
  is<WasmResult(View, View, View, Headers, Id)>(grpcStream);
  is<WasmResult(uint32_t)>(grpcCancel);
  is<WasmResult(uint32_t)>(grpcClose);
  is<WasmResult(uint32_t, View, bool)>(grpcSend);
  is<std::pair<uint32_t, WasmDataPtr>()>(getStatus);
  is<WasmResult(View, Id)>(createExpression);
  is<Optional<WasmDataPtr>(uint32_t)>(exprEvaluate);
  is<WasmResult(uint32_t)>(exprDelete);
  is<bool(uint32_t, std::string*)>(evaluateExpression<std::string>);
  is<bool(uint32_t, uint64_t*)>(evaluateExpression<uint64_t>);
}

constexpr void metrics() {
  is<WasmResult(MetricType, View, Id)>(defineMetric);
  is<WasmResult(uint32_t, int64_t)>(incrementMetric);
  is<WasmResult(uint32_t, uint64_t)>(recordMetric);
  is<WasmResult(uint32_t, uint64_t*)>(getMetric);
  is<MetricTag(const MetricTagDescriptor<int>&)>(toMetricTag<int>);
  is<MetricTag(const MetricTagDescriptor<bool>&)>(toMetricTag<bool>);
  is<MetricTag(const MetricTagDescriptor<std::string_view>&)>(toMetricTag<std::string_view>);
  static_assert(std::is_base_of_v<MetricBase, Metric>);
  static_assert(std::is_base_of_v<MetricBase, Counter<std::string, int, bool>>);
  static_assert(std::is_base_of_v<MetricBase, Gauge<>>);
  static_assert(std::is_base_of_v<MetricBase, Histogram<std::string>>);
}

constexpr bool all() {
  externs();
  callbacks();
  data_and_log();
  contexts();
  properties();
  streams();
  header_maps();
  shared();
  calls();
  metrics();
  return true;
}
static_assert(all());

}  // namespace
