// A program as authors for Envoy write them with the usual C++ SDK: upstreams are named by a
// GrpcService, messages are google.protobuf.Value, and both come with the SDK. `/call` asks by one
// message and goes on with the answer in `x-answer`; `/stream` opens a stream, which says each
// answer in the log until it hears `close`; all else passes.

#include <memory>
#include <string>

#include "proxy_wasm_intrinsics_lite.h"

START_WASM_PLUGIN(UsualGrpc)

using google::protobuf::Value;

namespace {

std::string cluster(const char* name) {
  GrpcService grpc_service;
  grpc_service.mutable_envoy_grpc()->set_cluster_name(name);
  std::string grpc_service_string;
  grpc_service.SerializeToString(&grpc_service_string);
  return grpc_service_string;
}

Value text(std::string_view words) {
  Value value;
  value.set_string_value(std::string(words));
  return value;
}

}  // namespace

class CallHandler : public GrpcCallHandler<Value> {
 public:
  explicit CallHandler(uint32_t stream) : GrpcCallHandler<Value>(), stream_(stream) {}

  void onSuccess(size_t body_size) override {
    auto response = getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size);
    const Value value = response->proto<Value>();
    if (getContext(stream_) == nullptr ||
        getContext(stream_)->setEffectiveContext() != WasmResult::Ok) {
      cancel();
      return;
    }
    addRequestHeader("x-answer", describe(value));
    continueRequest();
  }
  void onFailure(GrpcStatus status) override {
    auto p = getStatus();
    logDebug("failure " + std::to_string(static_cast<int>(status)) + " " + p.second->toString());
    getContext(stream_)->setEffectiveContext();
    sendLocalResponse(502, "grpc", "", {}, status);
  }

 private:
  static std::string describe(const Value& value) {
    switch (value.kind_case()) {
      case Value::kStringValue:
        return value.string_value();
      case Value::kNumberValue:
        return std::to_string(value.number_value());
      case Value::kBoolValue:
        return value.bool_value() ? "yes" : "no";
      case Value::kListValue: {
        std::string all;
        for (const auto& item : value.list_value().values()) all += describe(item) + ",";
        return all;
      }
      case Value::kStructValue: {
        std::string all;
        for (const auto& field : value.struct_value().fields()) {
          all += field.first + "=" + describe(field.second) + ";";
        }
        return all;
      }
      default:
        return "nothing";
    }
  }

  const uint32_t stream_;
};

class StreamHandler : public GrpcStreamHandler<Value, Value> {
 public:
  StreamHandler() : GrpcStreamHandler<Value, Value>() {}
  ~StreamHandler() override { logDebug("the handler is gone"); }

  void onReceiveInitialMetadata(uint32_t) override {
    auto h = getHeaderMapValue(WasmHeaderMapType::GrpcReceiveInitialMetadata, "test");
    if (h->view() == "reset") reset();
  }
  void onReceive(size_t body_size) override {
    auto response = getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, body_size);
    const std::string words = response->proto<Value>().string_value();
    logDebug("response " + words);
    if (words == "close") {
      close();
    } else {
      send(text(words + "!"), false);
    }
  }
  void onReceiveTrailingMetadata(uint32_t trailers) override {
    logDebug("trailers " + std::to_string(trailers));
  }
  void onRemoteClose(GrpcStatus status) override {
    const std::string sides =
        std::string(local_close_ ? "ours " : "") + (remote_close_ ? "theirs" : "");
    logDebug("close " + std::to_string(static_cast<int>(status)) + " of " + sides);
    if (context_ != context() || token_ != token()) logCritical("another stream");
  }
};

class UsualRootContext : public RootContext {
 public:
  explicit UsualRootContext(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t) override {
    const GrpcService read_back = service();
    return read_back.has_envoy_grpc() && read_back.envoy_grpc().cluster_name() == "echo";
  }

 private:
  static GrpcService service() {
    GrpcService read_back;
    read_back.ParseFromString(cluster("echo"));
    return read_back;
  }
};

class UsualContext : public Context {
 public:
  explicit UsualContext(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override;

  UsualRootContext* root() { return static_cast<UsualRootContext*>(Context::root()); }
};

static RegisterContextFactory register_UsualContext(CONTEXT_FACTORY(UsualContext),
                                                    ROOT_FACTORY(UsualRootContext));

FilterHeadersStatus UsualContext::onRequestHeaders(uint32_t, bool) {
  const auto path = getRequestHeader(":path");
  HeaderStringPairs initial_metadata;
  initial_metadata.push_back(std::make_pair<std::string, std::string>("source", "usual"));
  if (path->view() == "/stream") {
    auto* handler = new StreamHandler();
    if (root()->grpcStreamHandler(cluster("echo"), "service", "method", initial_metadata,
                                  std::unique_ptr<GrpcStreamHandlerBase>(handler)) !=
        WasmResult::Ok) {
      logError("the stream is not opened");
      return FilterHeadersStatus::Continue;
    }
    handler->send(text("hello"), false);
    return FilterHeadersStatus::Continue;
  }
  if (path->view() != "/call") return FilterHeadersStatus::Continue;
  if (root()->grpcCallHandler(cluster("nobody"), "service", "method", initial_metadata, text("x"),
                              1000, std::make_unique<CallHandler>(id())) == WasmResult::Ok) {
    logError("expected failure did not occur");
  }
  Value request;
  auto& fields = *request.mutable_struct_value()->mutable_fields();
  fields["path"] = text(path->view());
  fields["ids"].mutable_list_value()->add_values()->set_number_value(1.5);
  fields["last"].set_bool_value(true);
  if (root()->grpcCallHandler(cluster("echo"), "service", "method", initial_metadata, request, 1000,
                              std::unique_ptr<GrpcCallHandlerBase>(new CallHandler(id()))) !=
      WasmResult::Ok) {
    sendLocalResponse(503, "", "", {});
  }
  return FilterHeadersStatus::StopIteration;
}

END_WASM_PLUGIN
