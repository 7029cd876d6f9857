#pragma once
// A plugin that a request does not pass.

#include "runtime/http_context.h"

namespace weir::serve {

// Lets everything through. Thread: its worker's.
class IdleContext final : public runtime::HttpContext {
 public:
  abi::HeadersAction on_headers(runtime::Direction, abi::EndOfStream) override {
    return abi::HeadersAction::Continue;
  }
  abi::DataAction on_body(runtime::Direction, abi::EndOfStream) override {
    return abi::DataAction::Continue;
  }
  abi::TrailersAction on_trailers(runtime::Direction) override {
    return abi::TrailersAction::Continue;
  }
  void on_metadata(runtime::Direction, abi::HeaderMap&) override {}
  bool finish() override { return true; }
  bool sees_body(runtime::Direction) const override { return false; }
  bool sees_trailers(runtime::Direction) const override { return false; }
};

}  // namespace weir::serve
