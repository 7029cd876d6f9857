#pragma once
// A plugin's side of foreign functions, for tests: a context with properties, and calls by name.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/foreign/expressions.h"
#include "runtime/foreign_function.h"

namespace weir::runtime::foreign::test {

// A context that has properties and a route, and nothing else.
class FakeContext final : public abi::Context {
 public:
  using Status = abi::Status;

  std::map<std::string, std::string, std::less<>> properties;  // by dotted path
  int route_cache_clearings = 0;

  Status get_property(std::string_view path, abi::ValueSink sink) override {
    std::string name(path);
    for (char& c : name) c = c == '\0' ? '.' : c;
    auto found = properties.find(name);
    return found == properties.end() ? Status::NotFound : sink(as_bytes(found->second));
  }
  Status clear_route_cache() override {
    ++route_cache_clearings;
    return Status::Ok;
  }

  abi::HeaderMap* header_map(abi::MapType) override { return nullptr; }
  bool may_write(abi::MapType) const override { return false; }
  abi::Buffer* buffer(abi::BufferType) override { return nullptr; }
  Status continue_stream(abi::StreamType) override { return Status::Unimplemented; }
  Status close_stream(abi::StreamType) override { return Status::Unimplemented; }
  Status send_local_response(abi::LocalResponseRequest) override { return Status::Unimplemented; }
  Status done() override { return Status::Unimplemented; }
  Status set_property(std::string_view, std::string_view) override { return Status::Unimplemented; }
  Status set_tick_period(Milliseconds) override { return Status::Unimplemented; }
  Status http_call(abi::HttpCallRequest, uint32_t&) override { return Status::Unimplemented; }
  Status grpc_call(abi::GrpcCallRequest, std::string_view, Milliseconds, uint32_t&) override {
    return Status::Unimplemented;
  }
  Status grpc_stream(abi::GrpcCallRequest, uint32_t&) override { return Status::Unimplemented; }
  Status grpc_send(uint32_t, std::string_view, abi::EndOfStream) override {
    return Status::Unimplemented;
  }
  Status grpc_cancel(uint32_t) override { return Status::Unimplemented; }
  Status grpc_close(uint32_t) override { return Status::Unimplemented; }
  Status get_status(uint32_t&, std::string&) override { return Status::Unimplemented; }
  Status register_shared_queue(std::string_view, uint32_t&) override {
    return Status::Unimplemented;
  }
  Status resolve_dns(std::string_view, uint32_t&) override { return Status::Unimplemented; }
  Status call_foreign_function(std::string_view, std::string_view, abi::ValueSink) override {
    return Status::Unimplemented;
  }
  std::string_view log_prefix() const override { return "fake"; }
};

// A plugin that calls foreign functions.
class FakePlugin final : public ForeignCaller {
 public:
  FakeContext& context() override { return context_; }
  FilterState& filter_state() override { return filter_state_; }
  PropertyDeclarations& declarations() override { return declarations_; }
  Expressions& expressions() override { return expressions_; }

  // What the function answers; `result` is what it left.
  abi::Status call(std::string_view function, std::string_view arguments = {}) {
    const ForeignFunction found = find_foreign_function(function);
    if (found == nullptr) return abi::Status::NotFound;
    result = "left from before";
    return found(*this, arguments, result);
  }

  std::string result;

 private:
  FakeContext context_;
  FilterState filter_state_;
  PropertyDeclarations declarations_;
  Expressions expressions_;
};

}  // namespace weir::runtime::foreign::test
