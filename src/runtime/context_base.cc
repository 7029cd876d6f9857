#include "runtime/context_base.h"

#include "runtime/plugin_context.h"
#include "runtime/properties.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

using abi::Status;

void ContextBase::enroll() { id_ = vm_->contexts_.add(*this); }

void ContextBase::withdraw() {
  vm_->contexts_.remove(id_);
  detach();
}

void ContextBase::note_pending() {
  if (pending_noted_) return;
  pending_noted_ = true;
  vm_->note_pending(*this);
}

void ContextBase::log(LogLevel level, std::string_view what) {
  Logger& logger = vm_->logger();
  if (level < logger.level()) return;
  logger.write(level, std::string(log_prefix()).append(": ").append(what));
}

PropertyDeclarations& ContextBase::declarations() { return root_->declarations(); }

Expressions& ContextBase::expressions() { return vm_->expressions(); }

Status ContextBase::set_property(std::string_view path, std::string_view value) {
  // SDKs take nothing but OK.
  const Status status = runtime::set_property(filter_state(), root_->declarations(), path, value);
  if (status == Status::InternalFailure) {
    log(LogLevel::Error,
        "proxy_set_property: dropped, the limit on a stream's properties is reached");
  } else if (status != Status::Ok) {
    log(LogLevel::Error,
        "proxy_set_property: dropped, the name is empty or too long, or its value read-only");
  }
  return Status::Ok;
}

Status ContextBase::set_tick_period(Milliseconds period) { return root_->set_tick_period(period); }

Status ContextBase::http_call(abi::HttpCallRequest request, uint32_t& call_id) {
  return root_->http_call(std::move(request), call_id);
}
Status ContextBase::grpc_call(abi::GrpcCallRequest request, std::string_view message,
                              Milliseconds timeout, uint32_t& call_id) {
  return root_->grpc_call(std::move(request), message, timeout, call_id);
}
Status ContextBase::grpc_stream(abi::GrpcCallRequest request, uint32_t& call_id) {
  return root_->grpc_stream(std::move(request), call_id);
}
Status ContextBase::grpc_send(uint32_t call_id, std::string_view message,
                              abi::EndOfStream end_of_stream) {
  return root_->grpc_send(call_id, message, end_of_stream);
}
Status ContextBase::grpc_cancel(uint32_t call_id) { return root_->grpc_cancel(call_id); }
Status ContextBase::grpc_close(uint32_t call_id) { return root_->grpc_close(call_id); }
Status ContextBase::get_status(uint32_t& code, std::string& message) {
  return root_->get_status(code, message);
}
Status ContextBase::register_shared_queue(std::string_view name, uint32_t& queue_id) {
  return root_->register_shared_queue(name, queue_id);
}

Status ContextBase::resolve_dns(std::string_view host, uint32_t& token) {
  return root_->resolve_dns_for(id_, host, token);
}

Status ContextBase::call_foreign_function(std::string_view name, std::string_view arguments,
                                          abi::ValueSink sink) {
  const ForeignFunction function = find_foreign_function(name);
  if (function == nullptr) return Status::NotFound;
  std::string result;
  const Status status = function(*this, arguments, result);
  return status == Status::Ok ? sink(as_bytes(result)) : status;
}

}  // namespace weir::runtime
