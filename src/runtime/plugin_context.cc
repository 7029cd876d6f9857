#include "runtime/plugin_context.h"

#include "runtime/call_targets.h"
#include "runtime/properties.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

using abi::Callback;
using abi::EndOfStream;
using abi::MapType;
using abi::Status;

namespace {

// Calls that one root may have open.
constexpr size_t kMaxOpenCalls = 10'000;
// What the request bodies of its open HTTP calls may take, and one message of a gRPC call.
constexpr uint64_t kMaxHeldBytes = 64 << 20;

// As much of a guest's words as a log line needs.
std::string shown(std::string_view name) { return std::string(name.substr(0, 256)); }

// Low bits of call ids.
constexpr uint32_t kHttpCallId = 0;
constexpr uint32_t kGrpcCallId = 1;
constexpr uint32_t kGrpcStreamId = 2;
constexpr uint32_t kLookupId = 3;
constexpr uint32_t kIdKindMask = 3;

constexpr size_t kMaxHostBytes = 255;
// Of looked-up addresses: the system's resolver does not tell theirs. Envoy's value in that case.
constexpr uint32_t kSecondsToLive = 60;

// What proxy_get_status tells of an HTTP call that got no response; Envoy's value.
constexpr uint32_t kBrokenConnection = 11;

uint32_t size_of(std::string_view bytes) { return static_cast<uint32_t>(bytes.size()); }

uint32_t count_of(const abi::HeaderList& map) { return static_cast<uint32_t>(map.count()); }

// Of a callback that has ended the instance, which knows how.
LoadError failed_in(LoadPart part) { return {{ErrorCode::GuestTrapped, "it failed"}, part}; }

}  // namespace

PluginContext::PluginContext(VmInstance& vm, std::shared_ptr<const Plugin> plugin)
    : ContextBase(vm, *this),
      plugins_(std::move(plugin)),
      vm_configuration_(as_bytes(vm.vm().options().configuration)) {
  read_from_plugin();
}

PluginContext::~PluginContext() {
  if (queue_wakeups_) queue_wakeups_->stop();
  withdraw();
}

Result<Unit, LoadError> PluginContext::start() {
  enroll();
  if (!vm().call(Callback::OnContextCreate, *this, {0})) return failed_in(LoadPart::Code);
  in_vm_start_ = true;
  const auto size = static_cast<uint32_t>(vm_configuration_.size());
  const auto accepted = vm().call(Callback::OnVmStart, *this, {size}, 1);
  in_vm_start_ = false;
  if (!accepted || vm().failed()) return failed_in(LoadPart::VmConfiguration);
  if (*accepted == 0) {
    return LoadError{
        {ErrorCode::BadConfig, "the plugin refused to start: proxy_on_vm_start returned false"},
        LoadPart::VmConfiguration};
  }
  WEIR_TRY(configure());
  if (state_ == State::Starting) state_ = State::Running;
  return Unit{};
}

void PluginContext::begin_started(const RootState& state) {
  enroll();
  filter_state_.begin_with(state.filter_state);
  declarations_ = state.declarations;
  state_ = State::Running;
}

Result<Unit, LoadError> PluginContext::configure() {
  const auto size = static_cast<uint32_t>(plugin_configuration_.size());
  for (Callback callback : {Callback::ValidateConfiguration, Callback::OnConfigure}) {
    const auto accepted = vm().call(callback, *this, {size}, 1);
    if (!accepted || vm().failed()) return failed_in(LoadPart::Configuration);
    if (*accepted == 0) {
      return LoadError{
          {ErrorCode::BadConfig, "the plugin refused its configuration: " +
                                     std::string(type_of(callback).name) + " returned false"},
          LoadPart::Configuration};
    }
  }
  return Unit{};
}

bool PluginContext::serves(const Plugin& other) const {
  return state_ == State::Running && other.options().name == plugin().options().name &&
         other.options().root_id == plugin().options().root_id &&
         other.options().configuration == plugin().options().configuration &&
         other.options().properties == plugin().options().properties;
}

void PluginContext::end() {
  if (state_ != State::Running) return;
  state_ = State::Ending;
  if (plugins_.streams() == 0) begin_end();
}

void PluginContext::leave(const Plugin& plugin) {
  plugins_.leave(plugin);
  read_from_plugin();
}

void PluginContext::read_from_plugin() {
  plugin_configuration_ = abi::ConstBuffer(as_bytes(plugin().options().configuration));
}

void PluginContext::stream_removed(const Plugin& plugin) {
  plugins_.stream_removed(plugin);
  read_from_plugin();
  if (state_ == State::Ending && plugins_.streams() == 0) begin_end();
}

void PluginContext::begin_end() {
  state_ = State::AwaitingDone;
  const auto done = vm().call(Callback::OnDone, *this, {}, 1);
  // Where the guest called proxy_done meanwhile, it has ended by now.
  if (done && *done != 0 && state_ == State::AwaitingDone) finish();
}

void PluginContext::finish() {
  state_ = State::Ended;
  if (!vm().call(Callback::OnDelete, *this, {})) return;
  stop_all();
  vm().drop_root(*this);
}

void PluginContext::stop_all() {
  tick_timer_.reset();
  http_calls_.clear();
  grpc_calls_.clear();
}

void PluginContext::give_up_calls() {
  stop_all();
  self_.reset();
  lookups_ = 0;
}

Status PluginContext::done() {
  if (state_ != State::AwaitingDone) return Status::NotFound;
  done_asked_ = true;
  note_pending();
  return Status::Ok;
}

void PluginContext::apply_pending() {
  if (done_asked_ && state_ == State::AwaitingDone) finish();
}

void PluginContext::instance_failed(std::string_view) {
  state_ = State::Ended;
  stop_all();
}

// What a root is asked for that only a stream can do is no reason for a plugin to panic.
Status PluginContext::continue_stream(abi::StreamType) {
  log(LogLevel::Warn, "proxy_continue_stream: the plugin's root context has no stream");
  return Status::Ok;
}
Status PluginContext::close_stream(abi::StreamType) {
  log(LogLevel::Warn, "proxy_close_stream: the plugin's root context has no stream");
  return Status::Ok;
}
Status PluginContext::send_local_response(abi::LocalResponseRequest) {
  log(LogLevel::Warn, "proxy_send_local_response: the plugin's root context has no stream");
  return Status::Ok;
}
Status PluginContext::clear_route_cache() { return Status::Ok; }

void PluginContext::log_stream(HttpStream& stream) {
  HttpStream* outer = std::exchange(logged_, &stream);
  static_cast<void>(vm().call(Callback::OnLog, *this, {}));
  logged_ = outer;
}

void PluginContext::call_foreign(uint32_t function_id, std::string_view arguments) {
  if (state_ == State::Ended) return;
  Delivery delivery;
  delivery.call_data = abi::ConstBuffer(as_bytes(arguments));
  delivery.has_call_data = true;
  deliver(delivery, *this, Callback::OnForeignFunction, {function_id, size_of(arguments)});
}

abi::HeaderMap* PluginContext::header_map(MapType type) {
  if (type > MapType::ResponseTrailers) return call_map(type);
  return logged_ == nullptr ? nullptr : logged_->header_map(type);
}

Status PluginContext::get_property(std::string_view path, abi::ValueSink sink) {
  if (logged_ != nullptr) {
    return runtime::get_property({.plugin = plugin(),
                                  .stream = logged_,
                                  .http = logged_,
                                  .filter_state = logged_->filter_state()},
                                 path, sink);
  }
  return runtime::get_property(
      {.plugin = plugin(), .stream = nullptr, .http = nullptr, .filter_state = filter_state_}, path,
      sink);
}

abi::Buffer* PluginContext::configuration(abi::BufferType type) {
  if (type == abi::BufferType::VmConfiguration) return &vm_configuration_;
  if (type == abi::BufferType::PluginConfiguration && !in_vm_start_) return &plugin_configuration_;
  return nullptr;
}

abi::Buffer* PluginContext::buffer(abi::BufferType type) {
  if (abi::Buffer* found = configuration(type)) return found;
  return call_buffer(type);
}

abi::HeaderMap* PluginContext::call_map(MapType type) {
  if (delivery_ == nullptr) return nullptr;
  switch (type) {
    case MapType::CallResponseHeaders:
      return delivery_->headers;
    case MapType::CallResponseTrailers:
      return delivery_->trailers;
    case MapType::GrpcInitialMetadata:
      return delivery_->initial_metadata;
    case MapType::GrpcTrailingMetadata:
      return delivery_->trailing_metadata;
    default:
      return nullptr;
  }
}

abi::Buffer* PluginContext::call_buffer(abi::BufferType type) {
  if (delivery_ == nullptr) return nullptr;
  if (type == abi::BufferType::CallResponseBody && delivery_->has_body) return &delivery_->body;
  if (type == abi::BufferType::GrpcMessage && delivery_->has_message) return &delivery_->message;
  if (type == abi::BufferType::CallData && delivery_->has_call_data) return &delivery_->call_data;
  return nullptr;
}

Status PluginContext::set_tick_period(Milliseconds period) {
  tick_period_ = period;
  if (period.count() == 0) {
    tick_timer_.reset();
    return Status::Ok;
  }
  if (!tick_timer_) tick_timer_ = services().make_timer([this] { on_tick(); });
  tick_timer_->start(period);
  return Status::Ok;
}

void PluginContext::on_tick() {
  // Armed first: the callback may change the period, or end this context.
  tick_timer_->start(tick_period_);
  static_cast<void>(vm().call(Callback::OnTick, *this, {}));
}

Status PluginContext::register_shared_queue(std::string_view name, uint32_t& queue_id) {
  // A plugin that is only tried out takes no queue from one that serves.
  if (!queue_wakeups_ && vm().purpose() == Purpose::Serve) {
    queue_wakeups_ =
        std::make_shared<QueueWakeups>(services(), [this](uint32_t id) { on_queue_ready(id); });
  }
  const VmOptions& options = vm().vm().options();
  return vm().host().shared_queues().open(vm().vm().shared_queues(), name, queue_wakeups_,
                                          options.limits.max_queue_bytes, queue_id);
}

void PluginContext::on_queue_ready(uint32_t queue_id) {
  if (state_ == State::Ended) return;
  static_cast<void>(vm().call(Callback::OnQueueReady, *this, {queue_id}));
}

Status PluginContext::resolve_dns_for(abi::ContextId asked_by, std::string_view host,
                                      uint32_t& token) {
  if (host.empty() || host.size() > kMaxHostBytes) return Status::BadArgument;
  if (lookups_ >= kMaxOpenCalls) return Status::InternalFailure;
  if (!self_) self_ = std::make_shared<PluginContext*>(this);
  token = vm().next_call_id(kLookupId);
  const bool started = services().resolve(
      std::string(host),
      [weak = std::weak_ptr(self_), asked_by, token](const std::vector<std::string>& addresses) {
        if (auto self = weak.lock()) (*self)->on_resolved(asked_by, token, addresses);
      });
  if (!started) return Status::InternalFailure;
  ++lookups_;
  return Status::Ok;
}

// The answer lies in the CallData buffer: how many, a time to live for each, the addresses, each
// with a NUL.
void PluginContext::on_resolved(abi::ContextId asked_by, uint32_t token,
                                const std::vector<std::string>& addresses) {
  --lookups_;
  if (state_ == State::Ended) return;
  ContextBase* asker = vm().find(asked_by);
  if (asker == nullptr) return;
  std::string answer;
  if (!addresses.empty()) {
    answer.resize(sizeof(uint32_t) * (1 + addresses.size()));
    auto* numbers = reinterpret_cast<std::byte*>(answer.data());
    store(numbers, static_cast<uint32_t>(addresses.size()));
    for (size_t i = 1; i <= addresses.size(); ++i) {
      store(numbers + i * sizeof(uint32_t), kSecondsToLive);
    }
    for (const std::string& address : addresses) answer.append(address).push_back('\0');
  }
  Delivery delivery;
  delivery.call_data = abi::ConstBuffer(as_bytes(answer));
  delivery.has_call_data = true;
  deliver(delivery, *asker, Callback::OnResolveDns, {token, size_of(answer)});
}

Status PluginContext::http_call(abi::HttpCallRequest request, uint32_t& call_id) {
  if (http_calls_.size() >= kMaxOpenCalls) {
    log(LogLevel::Error, "proxy_http_call: too many calls are open");
    return Status::InternalFailure;
  }
  if (!may_call(request.upstream, "proxy_http_call")) return Status::BadArgument;
  if (!may_hold(request.body.size(), "proxy_http_call")) return Status::InternalFailure;
  const uint32_t id = vm().next_call_id(kHttpCallId);
  auto call = std::make_unique<HttpCall>(*this, id);
  const Status status = call->start(request);
  if (status != Status::Ok) {
    log_refusal("proxy_http_call", request.upstream, call->failure());
    return status;
  }
  held_bytes_ += call->request_bytes();
  http_calls_.emplace(id, std::move(call));
  call_id = id;
  return Status::Ok;
}

bool PluginContext::may_call(std::string_view upstream, std::string_view hostcall) {
  if (is_allowed_target(vm().vm().options().limits.call_targets, upstream)) return true;
  log(LogLevel::Error, std::string(hostcall) + ": limits.call_targets does not allow calls to '" +
                           shown(upstream) + "'");
  return false;
}

void PluginContext::log_refusal(std::string_view hostcall, std::string_view upstream,
                                std::string_view reason) {
  log(LogLevel::Error, std::string(hostcall)
                           .append(": the call to '")
                           .append(shown(upstream))
                           .append("' is refused: ")
                           .append(reason));
}

bool PluginContext::may_hold(size_t bytes, std::string_view hostcall) {
  const auto fits = [&] { return held_bytes_ + unsent_bytes_ + bytes <= kMaxHeldBytes; };
  if (fits()) return true;
  recount_unsent();
  if (fits()) return true;
  log(LogLevel::Error, std::string(hostcall) + ": the bodies of open calls take too much memory");
  return false;
}

void PluginContext::recount_unsent() {
  unsent_bytes_ = 0;
  for (const auto& [id, call] : grpc_calls_) unsent_bytes_ += call->unsent_bytes();
}

Status PluginContext::grpc_call(abi::GrpcCallRequest request, std::string_view message,
                                Milliseconds timeout, uint32_t& call_id) {
  call_id = vm().next_call_id(kGrpcCallId);
  return start_grpc(std::make_unique<GrpcCall>(*this, call_id, GrpcCall::Kind::Unary), request,
                    message, timeout);
}

Status PluginContext::grpc_stream(abi::GrpcCallRequest request, uint32_t& call_id) {
  call_id = vm().next_call_id(kGrpcStreamId);
  return start_grpc(std::make_unique<GrpcCall>(*this, call_id, GrpcCall::Kind::Stream), request, {},
                    Milliseconds(0));
}

Status PluginContext::start_grpc(std::unique_ptr<GrpcCall> call,
                                 const abi::GrpcCallRequest& request, std::string_view message,
                                 Milliseconds timeout) {
  if (!may_call(grpc_upstream(request.upstream), "gRPC")) return Status::ParseFailure;
  if (!may_hold(message.size(), "proxy_grpc_call")) return Status::InternalFailure;
  if (grpc_calls_.size() >= kMaxOpenCalls) {
    log(LogLevel::Error, "too many gRPC calls are open");
    return Status::InternalFailure;
  }
  const Status status = call->start(request, message, timeout);
  if (status != Status::Ok) {
    log_refusal("gRPC", grpc_upstream(request.upstream), call->refusal());
    return status;
  }
  unsent_bytes_ += message.size();
  const uint32_t id = call->id();
  grpc_calls_.emplace(id, std::move(call));
  return Status::Ok;
}

GrpcCall* PluginContext::find_grpc(uint32_t call_id) {
  auto found = grpc_calls_.find(call_id);
  return found == grpc_calls_.end() ? nullptr : found->second.get();
}

Status PluginContext::grpc_send(uint32_t call_id, std::string_view message,
                                EndOfStream end_of_stream) {
  if ((call_id & kIdKindMask) != kGrpcStreamId) return Status::BadArgument;
  GrpcCall* call = find_grpc(call_id);
  if (call == nullptr) return Status::NotFound;
  if (!may_hold(message.size(), "proxy_grpc_send")) return Status::BadArgument;
  const Status status = call->send(message, end_of_stream);
  if (status == Status::Ok) {
    unsent_bytes_ += message.size();
  } else {
    log(LogLevel::Error, "proxy_grpc_send: the message is too large, or too many wait to be sent");
  }
  return status;
}

Status PluginContext::grpc_cancel(uint32_t call_id) {
  return grpc_calls_.erase(call_id) != 0 ? Status::Ok : Status::NotFound;
}

Status PluginContext::grpc_close(uint32_t call_id) {
  GrpcCall* call = find_grpc(call_id);
  if (call == nullptr) return Status::NotFound;
  if (call->kind() == GrpcCall::Kind::Unary) {
    grpc_calls_.erase(call_id);  // Its own side has ended: what is left to close is the call.
  } else {
    call->close();
  }
  return Status::Ok;
}

Status PluginContext::get_status(uint32_t& code, std::string& message) {
  if (delivery_ != nullptr && delivery_->has_status) {
    code = delivery_->status;
    message = delivery_->status_message;
  }
  return Status::Ok;
}

void PluginContext::deliver(Delivery& delivery, ContextBase& to, Callback callback,
                            abi::CallbackParams params) {
  Delivery* outer = std::exchange(delivery_, &delivery);
  static_cast<void>(vm().call(callback, to, params));
  delivery_ = outer;
  vm().call_ended();
}

void PluginContext::on_http_call_done(HttpCall& ended) {
  auto node = http_calls_.extract(ended.id());
  // Still starting: the hostcall's status tells.
  if (node.empty()) return;
  HttpCall& call = *node.mapped();
  held_bytes_ -= call.request_bytes();
  Delivery delivery;
  if (!call.failed()) {
    delivery.headers = &call.headers();
    delivery.trailers = &call.trailers();
    delivery.body = abi::ConstBuffer(as_bytes(call.body()));
    delivery.has_body = true;
  } else {
    delivery.status = kBrokenConnection;
    delivery.status_message = call.failure();
  }
  delivery.has_status = true;
  deliver(delivery, *this, Callback::OnHttpCallResponse,
          {call.id(), count_of(call.headers()), size_of(call.body()), count_of(call.trailers())});
}

void PluginContext::on_grpc_initial_metadata(GrpcCall& call, abi::HeaderList metadata) {
  Delivery delivery;
  delivery.initial_metadata = &metadata;
  deliver(delivery, *this, Callback::OnGrpcReceiveInitialMetadata, {call.id(), count_of(metadata)});
}

// The message is this function's own: the call that it came from may go.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void PluginContext::on_grpc_message(GrpcCall& call, std::string message) {
  const uint32_t id = call.id();
  // A unary call ends with its message.
  if (call.kind() == GrpcCall::Kind::Unary && grpc_calls_.erase(id) == 0) return;
  Delivery delivery;
  delivery.message = abi::ConstBuffer(as_bytes(message));
  delivery.has_message = true;
  delivery.has_status = true;
  deliver(delivery, *this, Callback::OnGrpcReceive, {id, size_of(message)});
}

void PluginContext::on_grpc_trailing_metadata(GrpcCall& call, abi::HeaderList metadata) {
  Delivery delivery;
  delivery.trailing_metadata = &metadata;
  deliver(delivery, *this, Callback::OnGrpcReceiveTrailingMetadata,
          {call.id(), count_of(metadata)});
}

void PluginContext::on_grpc_closed(GrpcCall& call, uint32_t status, std::string message) {
  const uint32_t id = call.id();
  if (grpc_calls_.erase(id) == 0) return;
  Delivery delivery;
  delivery.has_status = true;
  delivery.status = status;
  delivery.status_message = std::move(message);
  deliver(delivery, *this, Callback::OnGrpcClose, {id, status});
}

WorkerServices& PluginContext::services() { return vm().services(); }

std::string PluginContext::upstream_name(std::string_view name) const {
  return plugin().options().upstream_scope + std::string(name);
}

}  // namespace weir::runtime
