#pragma once
// What root contexts and stream contexts have in common.

#include <string>
#include <string_view>

#include "abi/callbacks.h"
#include "abi/context.h"
#include "abi/types.h"
#include "runtime/foreign_function.h"
#include "runtime/host.h"

namespace weir::runtime {

class PluginContext;
class VmInstance;

// A context in a VM instance. What the ABI lets any context ask of its root goes there. Owned by
// the instance (roots) or by the plane (streams). Thread: the worker's.
class ContextBase : public abi::Context, private ForeignCaller {
 public:
  abi::ContextId id() const { return id_; }

  // The guest has returned from the outermost call: what it asked for meanwhile is done now.
  virtual void apply_pending() = 0;

  // The instance has failed: the context must not call it again. All contexts are told before any
  // acts on it. `reason` is for logs.
  virtual void instance_failed(std::string_view reason) = 0;

  // What the failure means for the stream is done now. The context is detached.
  virtual void apply_failure() = 0;

  virtual const Plugin& plugin() const = 0;

  // abi::Context
  abi::Status set_property(std::string_view path, std::string_view value) override;
  abi::Status set_tick_period(Milliseconds period) override;
  abi::Status http_call(abi::HttpCallRequest request, uint32_t& call_id) override;
  abi::Status grpc_call(abi::GrpcCallRequest request, std::string_view message,
                        Milliseconds timeout, uint32_t& call_id) override;
  abi::Status grpc_stream(abi::GrpcCallRequest request, uint32_t& call_id) override;
  abi::Status grpc_send(uint32_t call_id, std::string_view message, abi::EndOfStream) override;
  abi::Status grpc_cancel(uint32_t call_id) override;
  abi::Status grpc_close(uint32_t call_id) override;
  abi::Status get_status(uint32_t& code, std::string& message) override;
  abi::Status register_shared_queue(std::string_view name, uint32_t& queue_id) override;
  abi::Status resolve_dns(std::string_view host, uint32_t& token) override;
  abi::Status call_foreign_function(std::string_view name, std::string_view arguments,
                                    abi::ValueSink sink) override;

 protected:
  ContextBase(VmInstance& vm, PluginContext& root) : vm_(&vm), root_(&root) {}

  // Joins the instance's contexts; leaves them and detaches.
  void enroll();
  void withdraw();

  bool attached() const { return vm_ != nullptr; }
  VmInstance& vm() { return *vm_; }
  PluginContext& root() { return *root_; }
  const PluginContext& const_root() const { return *root_; }

  // To be called when the guest asks for something that apply_pending() is to do.
  void note_pending();

  void detach() {
    vm_ = nullptr;
    root_ = nullptr;
  }

  void log(LogLevel level, std::string_view what);

 private:
  // ForeignCaller
  abi::Context& context() override { return *this; }
  PropertyDeclarations& declarations() override;
  Expressions& expressions() override;

  VmInstance* vm_;
  PluginContext* root_;
  abi::ContextId id_ = abi::ContextId::None;
  bool pending_noted_ = false;

  friend class VmInstance;
};

}  // namespace weir::runtime
