#include "planes/envoy/network_stream.h"

#include "planes/envoy/attributes.h"
#include "planes/envoy/details.h"
#include "planes/envoy/module.h"
#include "planes/envoy/worker.h"
#include "runtime/unavailable_context.h"

namespace weir::envoy_plane {

using abi::EndOfStream;
using abi::NetworkAction;
using runtime::Attribute;
using runtime::Direction;
using runtime::PropertyValue;

namespace {

// Beside those in details.h.
constexpr std::string_view kHeldDetails = "wasm_held_too_much";

// Where Envoy has no limit for its own buffers.
constexpr uint64_t kDefaultLimit = 1 << 20;

// A plugin may make what it holds so many times larger than the limit.
constexpr uint64_t kGrowth = 16;

uint64_t limit_of(EnvoyNetworkFilter* filter) {
  const uint32_t limit = envoy_dynamic_module_callback_network_filter_get_buffer_limit(filter);
  return limit == 0 ? kDefaultLimit : limit;
}

}  // namespace

NetworkStream::NetworkStream(Worker& worker, const Configuration& config,
                             EnvoyNetworkFilter* filter)
    : WorkerStream(config.stats()),
      worker_(worker),
      config_(config),
      filter_(filter),
      request_(filter, Direction::Request),
      response_(filter, Direction::Response),
      filter_state_(worker, filter),
      calls_(worker, *this, filter),
      limit_(limit_of(filter)) {
  for (const Direction direction : {Direction::Request, Direction::Response}) {
    half(direction).bytes.set_max_size(kGrowth * limit_);
  }
  worker_.add(*this);
}

NetworkStream::~NetworkStream() = default;

void NetworkStream::begin() {
  if (context_ != nullptr) return;
  const ConfiguredPlugin& configured = *config_.plugin();
  std::string why;
  runtime::WorkerPlugin* plugin = worker_.serve(configured, why);
  const Worker::GuestScope guest(worker_);
  if (plugin != nullptr) {
    context_ = plugin->make_network_context(*this);
  } else {
    context_ = std::make_unique<runtime::UnavailableNetworkContext>(
        *this, configured.failure_policy(), std::move(why));
  }
}

std::unique_ptr<Waker> NetworkStream::make_waker() {
  using NetworkWaker =
      SchedulerWaker<EnvoyNetworkScheduler,
                     envoy_dynamic_module_callback_network_filter_scheduler_commit,
                     envoy_dynamic_module_callback_network_filter_scheduler_delete>;
  return std::make_unique<NetworkWaker>(
      envoy_dynamic_module_callback_network_filter_scheduler_new(filter_));
}

bool NetworkStream::waits() {
  if (context_ != nullptr) return false;
  if (held_ || patience_ != nullptr) return true;
  if (config_.plugin()->state() != ConfiguredPlugin::State::Awaited) return false;
  worker_.wait_for_plugin(*this);
  patience_ = worker_.make_timer([this] {
    patience_.reset();
    worker_.tell_plugin_settled(*this);
  });
  patience_->start(kLongestWait);
  return true;
}

void NetworkStream::on_plugin_settled() {
  if (filter_ == nullptr || closed_ || context_ != nullptr) return;
  const bool awaited = config_.plugin()->state() == ConfiguredPlugin::State::Awaited;
  if (awaited && patience_ != nullptr) return worker_.wait_for_plugin(*this);
  patience_.reset();
  begin();
  show_connection();
  const bool let_in = !request_.stopped;
  for (const Direction direction : {Direction::Request, Direction::Response}) {
    Half& part = half(direction);
    const bool something = part.bytes.held_bytes() > 0 || part.ended;
    if (something) {
      part.stopped = ask(direction, part.ended ? EndOfStream::Yes : EndOfStream::No) !=
                     NetworkAction::Continue;
    }
    if (part.stopped || (!something && direction == Direction::Response)) continue;
    if (!something && !let_in) continue;
    part.stopped = true;
    resume(direction);
  }
}

void NetworkStream::show_connection() {
  const Worker::GuestScope guest(worker_);
  request_.stopped = context_->on_new_connection() != NetworkAction::Continue;
}

NetworkAction NetworkStream::on_new_connection() {
  if (worker_.in_guest()) {
    held_ = true;
    note();
  }
  if (waits()) {
    request_.stopped = true;
    return NetworkAction::StopIteration;
  }
  begin();
  show_connection();
  return request_.stopped ? NetworkAction::StopIteration : NetworkAction::Continue;
}

NetworkAction NetworkStream::on_data(Direction direction, EndOfStream end) {
  Half& part = half(direction);
  if (end == EndOfStream::Yes) part.ended = true;
  part.bytes.begin_event();
  // What a guest's call made Envoy bring waits for the guest's next event.
  const NetworkAction action =
      closed_ || worker_.in_guest() || waits() ? NetworkAction::StopIteration : ask(direction, end);
  part.stopped = action != NetworkAction::Continue;
  if (part.stopped) {
    part.bytes.hold();
    bound(direction);
  } else {
    part.bytes.pass_on();
  }
  return action;
}

NetworkAction NetworkStream::ask(Direction direction, EndOfStream end) {
  begin();
  Half& part = half(direction);
  const Worker::GuestScope guest(worker_);
  part.in_event = true;
  const NetworkAction action = context_->on_data(direction, end);
  part.in_event = false;
  // Envoy does not tell a filter that the upstream's connection has closed, nor by whom: its own
  // Wasm filter makes that of the end of the upstream's bytes, too.
  if (direction == Direction::Response && end == EndOfStream::Yes &&
      !std::exchange(upstream_ended_, true)) {
    context_->on_close(Direction::Response, abi::PeerType::Unknown);
  }
  return action;
}

void NetworkStream::bound(Direction direction) {
  Half& part = half(direction);
  const uint64_t held = part.bytes.held_bytes();
  if (direction == Direction::Request) {
    const bool too_much = held > limit_;
    if (too_much == part.held_back || closed_) return;
    part.held_back = too_much;
    envoy_dynamic_module_callback_network_filter_read_disable(filter_, too_much);
  } else if (held > kGrowth * limit_ && close_ == Close::No) {
    close_with(Close::AtOnce, kHeldDetails);
  }
}

void NetworkStream::on_event(NetworkEvent event) {
  if (event != NetworkEvent::RemoteClose && event != NetworkEvent::LocalClose) return;
  if (std::exchange(closed_, true) || worker_.in_guest() || context_ == nullptr) return;
  const Worker::GuestScope guest(worker_);
  context_->on_close(Direction::Request, event == NetworkEvent::RemoteClose ? abi::PeerType::Remote
                                                                            : abi::PeerType::Local);
  // A plugin that wants to finish later cannot: Envoy's connection is about to go.
  static_cast<void>(context_->finish());
}

void NetworkStream::on_destroy() {
  closed_ = true;
  patience_.reset();
  worker_.remove(*this);
  if (!worker_.in_guest()) end();
  filter_state_.detach();
  filter_ = nullptr;
}

void NetworkStream::end() {
  const Worker::GuestScope guest(worker_);
  calls_.on_stream_end();
  context_.reset();
}

void NetworkStream::note() {
  if (filter_ == nullptr || std::exchange(noted_, true)) return;
  worker_.settle_later(*this);
}

void NetworkStream::settle() {
  noted_ = false;
  if (filter_ == nullptr || closed_) return;
  if (std::exchange(held_, false)) {
    if (!waits()) worker_.tell_plugin_settled(*this);
    return;
  }
  calls_.settle();
  if (filter_ == nullptr || closed_) return;
  if (close_ != Close::No) {
    const NetworkClose how =
        close_ == Close::AtOnce ? NetworkClose::NoFlush : NetworkClose::FlushWrite;
    envoy_dynamic_module_callback_network_filter_close_with_details(filter_, how, close_details_);
    return;
  }
  release(Direction::Request);
  release(Direction::Response);
}

void NetworkStream::release(Direction direction) {
  Half& part = half(direction);
  // What was settled before may have ended the connection, or stopped it again.
  if (!std::exchange(part.resume, false) || !part.stopped || filter_ == nullptr || closed_) return;
  part.stopped = false;
  const std::string held = part.bytes.take_held();
  const bool something = !held.empty() || part.ended;
  if (direction == Direction::Response) {
    if (something) {
      envoy_dynamic_module_callback_network_filter_inject_write_data(filter_, held, part.ended);
    }
    return;
  }
  if (std::exchange(part.held_back, false)) {
    envoy_dynamic_module_callback_network_filter_read_disable(filter_, false);
    if (filter_ == nullptr || closed_) return;
  }
  if (something) {
    envoy_dynamic_module_callback_network_filter_inject_read_data(filter_, held, part.ended);
  } else {
    // The connection itself was held back.
    envoy_dynamic_module_callback_network_filter_continue_reading(filter_);
  }
}

void NetworkStream::close_with(Close how, std::string_view details) {
  if (filter_ == nullptr || closed_ || close_ == Close::AtOnce) return;
  close_ = how;
  close_details_ = details;
  note();
}

PropertyValue NetworkStream::attribute(Attribute attribute) const {
  if (filter_ == nullptr) return {};
  switch (attribute) {
    case Attribute::SourceAddress:
    case Attribute::DestinationAddress: {
      EnvoyBuffer address;
      uint32_t port = 0;
      const bool known = attribute == Attribute::SourceAddress
                             ? envoy_dynamic_module_callback_network_filter_get_remote_address(
                                   filter_, &address, &port)
                             : envoy_dynamic_module_callback_network_filter_get_local_address(
                                   filter_, &address, &port);
      if (!known) return {};
      return address_with_port(address.view(), port);
    }
    case Attribute::ClusterName: {
      EnvoyBuffer name;
      if (!envoy_dynamic_module_callback_network_filter_get_upstream_host_cluster(filter_, &name)) {
        return {};
      }
      return name.view();
    }
    default:
      return read_attribute<envoy_dynamic_module_callback_network_filter_get_attribute_string,
                            envoy_dynamic_module_callback_network_filter_get_attribute_int,
                            envoy_dynamic_module_callback_network_filter_get_attribute_bool>(
          filter_, attribute);
  }
}

PropertyValue NetworkStream::plane_property(std::span<const std::string_view> path) const {
  if (filter_ == nullptr) return {};
  return read_dynamic_metadata<envoy_dynamic_module_callback_network_get_dynamic_metadata_string,
                               envoy_dynamic_module_callback_network_get_dynamic_metadata_number,
                               envoy_dynamic_module_callback_network_get_dynamic_metadata_bool>(
      filter_, path);
}

abi::Buffer* NetworkStream::data(Direction direction) {
  Half& part = half(direction);
  const bool shown = part.in_event || (part.stopped && part.bytes.held_bytes() > 0);
  return filter_ != nullptr && shown ? &part.bytes : nullptr;
}

void NetworkStream::resume(Direction direction) {
  if (filter_ == nullptr || closed_ || !half(direction).stopped) return;
  half(direction).resume = true;
  note();
}

// The connection to the upstream is another filter's; it closes with the client's.
void NetworkStream::close(Direction) { close_with(Close::AfterWrites, kCloseDetails); }

void NetworkStream::fail(std::string_view) { close_with(Close::AtOnce, kFailDetails); }

}  // namespace weir::envoy_plane
