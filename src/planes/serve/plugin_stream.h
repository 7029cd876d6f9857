#pragma once
// One plugin on one exchange: what the runtime sees of the stream, and the plugin's two stages.

#include <memory>

#include "planes/serve/checked_headers.h"
#include "planes/serve/lane.h"
#include "planes/serve/local_reply.h"
#include "runtime/http_context.h"

namespace weir::serve {

// What plugins ask of the exchange that they work on; see runtime::HttpStream. `plugin` is a place
// in the order of requests. Thread: the worker's.
class PluginChain {
 public:
  virtual runtime::PropertyValue attribute(runtime::Attribute attribute) const = 0;
  virtual runtime::FilterState& filter_state() = 0;
  virtual abi::HeaderMap* header_map(size_t plugin, abi::MapType type) = 0;
  virtual Body* body(size_t plugin, runtime::Direction direction) = 0;
  // Some plugin has a take_resume() to be looked for.
  virtual void on_resumes() = 0;
  // False: response headers have been sent, or another reply is under way.
  virtual bool reply(LocalReply reply) = 0;
  virtual void reset(std::string_view reason, ResponseFlag flag) = 0;
  // A reply, or a reset where it is too late for one.
  virtual void fail(LocalReply reply) = 0;
  // This plugin has ended the exchange.
  virtual void blame(size_t plugin) = 0;
  virtual void clear_route_cache() = 0;
  virtual void on_plugin_finished() = 0;

 protected:
  ~PluginChain() = default;
};

// Owned by its PluginChain, which does what the verbs ask for. Thread: the worker's.
class PluginStream final : public runtime::HttpStream {
 public:
  // To be called once, before all else. `chain` owns this.
  void init(PluginChain& chain, size_t index);
  void set_context(std::unique_ptr<runtime::HttpContext> context) { context_ = std::move(context); }

  runtime::HttpContext& context() { return *context_; }
  Stage& stage(runtime::Direction direction) { return stages_[static_cast<size_t>(direction)]; }

  // Whether callbacks are made: not for a plugin that has failed.
  bool in_service() const { return in_service_; }

  // Asks the context to finish. False: finished() will be called.
  bool finish();
  bool has_finished() const { return finished_; }

  // A resume that was asked for while callbacks were running.
  bool take_resume(runtime::Direction direction) {
    return std::exchange(resumes_[static_cast<size_t>(direction)], false);
  }

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override;
  abi::HeaderMap* header_map(abi::MapType type) override;
  abi::Buffer* body(runtime::Direction direction) override;
  void resume(runtime::Direction direction) override;
  bool send_local_response(const runtime::LocalResponse& response) override;
  void reset() override;
  void fail(std::string_view reason) override;
  void clear_route_cache() override;
  void finished() override;

 private:
  PluginChain* chain_ = nullptr;
  size_t index_ = 0;
  bool in_service_ = true;
  bool finished_ = false;
  bool resumes_[2] = {};
  Stage stages_[2];
  std::unique_ptr<runtime::HttpContext> context_;  // after what it may look at
};

}  // namespace weir::serve
