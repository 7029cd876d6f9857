#pragma once
// For fuzzing: what hostcalls act on, with every map, buffer and value there is.

#include <map>
#include <optional>
#include <string>

#include "abi/context.h"
#include "base/check.h"
#include "base/clock.h"

namespace weir::abi::fuzz {

// Reads every byte that it is given: what lies outside an object is found out.
inline void look_at(std::string_view bytes) {
  volatile unsigned sum = 0;
  for (char c : bytes) sum = sum + static_cast<unsigned char>(c);
}

inline void look_at(const HeaderMap& map) {
  map.for_each([](std::string_view name, std::string_view value) {
    look_at(name);
    look_at(value);
  });
}

class LookingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Trace; }
  void write(LogLevel, std::string_view line) override { look_at(line); }
};

class TextBuffer final : public Buffer {
 public:
  uint64_t size() const override { return text_.size(); }
  void copy_to(uint64_t start, std::span<std::byte> to) const override {
    WEIR_CHECK(start <= text_.size() && to.size() <= text_.size() - start);
    std::memcpy(to.data(), text_.data() + start, to.size());
  }
  bool replace(uint64_t start, uint64_t size, Bytes with) override {
    WEIR_CHECK(start <= text_.size() && size <= text_.size() - start);
    if (text_.size() - size + with.size() > 4096) return false;
    text_.replace(start, size, as_text(with));
    return true;
  }

 private:
  std::string text_ = "a body of some bytes";
};

class FuzzContext final : public Context {
 public:
  HeaderMap* header_map(MapType type) override {
    return type == MapType::ResponseTrailers ? nullptr : &map_;
  }
  bool may_write(MapType type) const override { return type != MapType::RequestTrailers; }
  Buffer* buffer(BufferType type) override {
    return type == BufferType::GrpcMessage ? nullptr : &buffer_;
  }
  Status continue_stream(StreamType) override { return Status::Ok; }
  Status close_stream(StreamType) override { return Status::Ok; }
  Status send_local_response(LocalResponseRequest request) override {
    look_at(request.details);
    look_at(request.body);
    look_at(request.headers);
    return Status::Ok;
  }
  Status clear_route_cache() override { return Status::Ok; }
  Status done() override { return Status::NotFound; }
  Status get_property(std::string_view path, ValueSink sink) override {
    auto found = properties_.find(path);
    return found == properties_.end() ? Status::NotFound : sink(as_bytes(found->second));
  }
  Status set_property(std::string_view path, std::string_view value) override {
    properties_.insert_or_assign(std::string(path), std::string(value));
    return Status::Ok;
  }
  Status set_tick_period(Milliseconds) override { return Status::Ok; }
  Status http_call(HttpCallRequest request, uint32_t& id) override {
    look_at(request.upstream);
    look_at(request.headers);
    look_at(request.body);
    look_at(request.trailers);
    return started(id);
  }
  Status grpc_call(GrpcCallRequest request, std::string_view message, Milliseconds,
                   uint32_t& id) override {
    look_at(message);
    return grpc_stream(std::move(request), id);
  }
  Status grpc_stream(GrpcCallRequest request, uint32_t& id) override {
    look_at(request.upstream);
    look_at(request.service);
    look_at(request.method);
    look_at(request.initial_metadata);
    return started(id);
  }
  Status grpc_send(uint32_t, std::string_view message, EndOfStream) override {
    look_at(message);
    return Status::Ok;
  }
  Status grpc_cancel(uint32_t) override { return Status::Ok; }
  Status grpc_close(uint32_t) override { return Status::Ok; }
  Status get_status(uint32_t& code, std::string& message) override {
    code = 14;
    message = "unavailable";
    return Status::Ok;
  }
  Status register_shared_queue(std::string_view name, uint32_t& id) override {
    look_at(name);
    return started(id);
  }
  Status resolve_dns(std::string_view host, uint32_t& token) override {
    look_at(host);
    return started(token);
  }
  Status call_foreign_function(std::string_view name, std::string_view arguments,
                               ValueSink sink) override {
    const std::string result = std::string(name).append(arguments);
    return sink(as_bytes(result));
  }
  std::string_view log_prefix() const override { return "fuzz"; }

 private:
  static Status started(uint32_t& id) {
    id = 1;
    return Status::Ok;
  }

  HeaderList map_{{":path", "/"}, {"a", "1"}, {"a", ""}};
  TextBuffer buffer_;
  std::map<std::string, std::string, std::less<>> properties_;
};

class FuzzVm final : public VmServices {
 public:
  FuzzContext context;

  Context* find_context(ContextId id) override {
    return static_cast<uint32_t>(id) < 3 ? &context : nullptr;
  }
  Logger& logger() override { return logger_; }
  const Clock& clock() override { return clock_; }
  const std::map<std::string, std::string>& environment() override { return environment_; }
  Status get_shared_data(std::string_view key,
                         FunctionRef<Status(Bytes, uint32_t cas)> give) override {
    return data_.first == key ? give(as_bytes(data_.second), 7) : Status::NotFound;
  }
  Status set_shared_data(std::string_view key, std::string_view value, uint32_t) override {
    data_ = {std::string(key), std::string(value)};
    return Status::Ok;
  }
  Status resolve_shared_queue(std::string_view vm_id, std::string_view name,
                              uint32_t& id) override {
    look_at(vm_id);
    look_at(name);
    id = 1;
    return Status::Ok;
  }
  Status enqueue(uint32_t, std::string_view item) override {
    item_ = item;
    return Status::Ok;
  }
  Status dequeue(uint32_t, std::string& item) override {
    item = item_;
    return Status::Ok;
  }
  Status define_metric(MetricType, std::string_view name, uint32_t& id) override {
    look_at(name);
    id = 1;
    return Status::Ok;
  }
  Status increment_metric(uint32_t, int64_t) override { return Status::Ok; }
  Status record_metric(uint32_t, uint64_t) override { return Status::Ok; }
  Status get_metric(uint32_t, uint64_t& value) override {
    value = 1;
    return Status::Ok;
  }

 private:
  LookingLogger logger_;
  ManualClock clock_;
  std::map<std::string, std::string> environment_{{"KEY", "value"}, {"OTHER", ""}};
  std::pair<std::string, std::string> data_;
  std::string item_ = "item";
};

}  // namespace weir::abi::fuzz
