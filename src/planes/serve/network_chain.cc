#include "planes/serve/network_chain.h"

#include <algorithm>

namespace weir::serve {
namespace {

using runtime::Direction;

}  // namespace

// A call into the chain, from outside or from a plugin.
class NetworkChain::Turn {
 public:
  explicit Turn(NetworkChain& chain) : chain_(chain) { ++chain_.depth_; }
  ~Turn() {
    if (chain_.depth_ == 1) chain_.settle();
    --chain_.depth_;
  }

 private:
  NetworkChain& chain_;
};

NetworkChain::NetworkChain(NetworkChainOwner& owner, std::span<const MakeNetworkContext> plugins,
                           uint64_t limit)
    : owner_(owner),
      limit_(limit),
      plugins_(plugins.empty() ? nullptr : std::make_unique<NetworkPlugin[]>(plugins.size())),
      count_(plugins.size()) {
  ++depth_;  // what contexts ask for while they are made is done by start()
  for (size_t i = 0; i < count_; ++i) {
    plugins_[i].init(*this, i);
    for (const Direction direction : {Direction::Request, Direction::Response}) {
      plugins_[i].stage(direction).held.set_max_size(kHeldGrowth * limit_);
    }
    plugins_[i].set_context(plugins[i](plugins_[i]));
  }
  --depth_;
}

NetworkChain::~NetworkChain() {
  // Contexts may look at the connection while they end, and ask for what will not happen.
  finished_ = true;
  ++depth_;
  plugins_.reset();
}

void NetworkChain::start() {
  const Turn turn(*this);
  establish();
}

void NetworkChain::data(Direction direction, Body data, EndOfStream end) {
  const Turn turn(*this);
  if (!finishing_) enter(direction, 0, std::move(data), end);
}

void NetworkChain::closed(Direction side, abi::PeerType by) {
  const Turn turn(*this);
  for (NetworkPlugin& plugin : plugins()) plugin.tell_closed(side, by);
}

void NetworkChain::finish() {
  const Turn turn(*this);
  finishing_ = true;
  for (NetworkPlugin& plugin : plugins()) plugin.finish();
}

bool NetworkChain::holds_back(Direction direction) const {
  return std::ranges::any_of(plugins(), [&](NetworkPlugin& plugin) {
    return plugin.stage(direction).held.size() > limit_;
  });
}

bool NetworkChain::holds_any(Direction direction) const {
  return std::ranges::any_of(
      plugins(), [&](NetworkPlugin& plugin) { return !plugin.stage(direction).held.empty(); });
}

void NetworkChain::on_resumes() {
  const Turn turn(*this);
  resumes_wait_ = true;
}

void NetworkChain::on_close(size_t plugin, Direction side) {
  const Turn turn(*this);
  close_waits_[static_cast<size_t>(side)] = plugin;
}

// The owner stops what passes here at once, whatever is on the stack.
void NetworkChain::on_failure(size_t plugin, std::string_view reason) {
  const Turn turn(*this);
  owner_.on_plugin_failed(plugin, reason);
}

void NetworkChain::on_finished() { const Turn turn(*this); }

NetworkPlugin& NetworkChain::plugin_at(Direction direction, Position at) const {
  return plugins_[direction == Direction::Request ? at : count_ - 1 - at];
}

// As in Envoy a plugin that does not let a connection in still hears of its bytes, and may let it
// in by letting them pass.
void NetworkChain::establish() {
  while (established_ < count_) {
    NetworkPlugin& plugin = plugins_[established_++];
    if (plugin.let_in()) continue;
    plugin.stage(Direction::Request).stopped = true;
    return;
  }
  if (!std::exchange(announced_, true)) owner_.on_established();
}

void NetworkChain::enter(Direction direction, Position at, Body data, EndOfStream end) {
  if (at == count_) return owner_.on_passed(direction, std::move(data), end);
  NetworkPlugin& plugin = plugin_at(direction, at);
  NetworkStage& stage = plugin.stage(direction);
  if (stage.end_passed) return;
  stage.held.append(std::move(data));
  if (end == EndOfStream::Yes) stage.ended = true;
  if (plugin.let_pass(direction)) {
    release(direction, at);
  } else {
    stage.stopped = true;
  }
}

void NetworkChain::release(Direction direction, Position at) {
  NetworkStage& stage = plugin_at(direction, at).stage(direction);
  stage.stopped = false;
  if (direction == Direction::Request && established_ == at + 1) establish();
  const bool ends = stage.ended && !stage.end_passed;
  if (stage.held.empty() && !ends) return;
  stage.end_passed = stage.ended;
  enter(direction, at + 1, stage.held.take_all(), ends ? EndOfStream::Yes : EndOfStream::No);
}

void NetworkChain::settle() {
  do {
    while (settle_one()) {
    }
    if (!finished_) owner_.on_settled();
  } while (resumes_wait_ || close_waits_[0] || close_waits_[1]);
  if (!finishing_ || finished_) return;
  if (!std::ranges::all_of(plugins(), &NetworkPlugin::has_finished)) return;
  finished_ = true;
  owner_.on_plugins_finished();
}

bool NetworkChain::settle_one() {
  for (const Direction side : {Direction::Request, Direction::Response}) {
    const auto plugin = std::exchange(close_waits_[static_cast<size_t>(side)], std::nullopt);
    if (!plugin) continue;
    if (!finishing_) owner_.on_close_wanted(*plugin, side);
    return true;
  }
  if (!std::exchange(resumes_wait_, false)) return false;
  for (const Direction direction : {Direction::Request, Direction::Response}) {
    for (Position at = 0; at < count_; ++at) {
      NetworkPlugin& plugin = plugin_at(direction, at);
      const bool resumed = plugin.take_resume(direction);
      if (resumed && !finishing_ && plugin.stage(direction).stopped) release(direction, at);
    }
  }
  return true;
}

}  // namespace weir::serve
