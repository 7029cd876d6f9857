#pragma once
// A finished stream or connection, as Envoy shows it to an access logger.

#include "abi/header_map.h"
#include "planes/envoy/logger_callbacks.h"
#include "runtime/stream.h"

namespace weir::envoy_plane {

// Reads one of Envoy's maps; what has been is not changed any more. Thread: the stream's.
class LoggedHeaders final : public abi::HeaderMap {
 public:
  LoggedHeaders(EnvoyLogger* logger, HeaderType type) : logger_(logger), type_(type) {}

  size_t count() const override {
    return envoy_dynamic_module_callback_access_logger_get_headers_size(logger_, type_);
  }
  std::optional<std::string_view> find(std::string_view name) const override;
  void for_each(
      FunctionRef<void(std::string_view name, std::string_view value)> visit) const override;
  bool add(std::string_view, std::string_view) override { return false; }
  bool replace(std::string_view, std::string_view) override { return false; }
  void remove(std::string_view) override {}
  void clear() override {}

 private:
  EnvoyLogger* logger_;
  HeaderType type_;
};

// What filters of this module have attached to an HTTP stream. Thread: the stream's.
class LoggedFilterState final : public runtime::FilterState {
 public:
  explicit LoggedFilterState(EnvoyLogger* logger) : logger_(logger) {}

  const Entry* find(std::string_view name) const override;
  abi::Status set(std::string_view, std::string_view, runtime::PropertyDeclaration) override {
    return abi::Status::InternalFailure;
  }

 private:
  EnvoyLogger* logger_;
};

// Lives for one call of the logger. Thread: the stream's.
class LoggedStream final : public runtime::HttpStream {
 public:
  explicit LoggedStream(EnvoyLogger* logger);

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute) const override;
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType) override;
  abi::Buffer* body(runtime::Direction) override { return nullptr; }
  void resume(runtime::Direction) override {}
  bool send_local_response(const runtime::LocalResponse&) override { return false; }
  void reset() override {}
  void fail(std::string_view) override {}
  void clear_route_cache() override {}
  void finished() override {}

 private:
  runtime::PropertyValue address(bool of_client) const;
  runtime::PropertyValue grpc_status() const;

  EnvoyLogger* logger_;
  LoggedHeaders request_headers_;
  LoggedHeaders response_headers_;
  LoggedHeaders response_trailers_;
  LoggedFilterState filter_state_;
};

}  // namespace weir::envoy_plane
