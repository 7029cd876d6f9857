#include "planes/common/code_gathering.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/shown_url.h"

namespace weir::planes {

// Shared with the fetches under way.
struct CodeGathering::State {
  struct Slot {
    config::PluginSettings plugin;
    bool missing = false;
    Result<std::string> code = std::string();
  };

  void on_fetched(size_t place, Result<std::string> code) {
    const std::lock_guard lock(mutex);
    slots[place].code = std::move(code);
    if (--missing == 0 && on_complete != nullptr) on_complete();
  }

  std::atomic<size_t> missing = 0;
  std::mutex mutex;
  std::vector<Slot> slots;  // changes in size before start() alone
  std::function<void()> on_complete;
};

CodeGathering::CodeGathering()
    : state_(std::make_shared<State>()), interest_(std::make_shared<const Unit>()) {}

CodeGathering::~CodeGathering() {
  if (state_ == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->on_complete = nullptr;
}

CodeGathering::CodeGathering(CodeGathering&&) noexcept = default;

CodeGathering& CodeGathering::operator=(CodeGathering&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(interest_, other.interest_);
  return *this;
}

Result<size_t> CodeGathering::add(const CodeSupply& supply, const config::PluginSettings& plugin) {
  WEIR_TRY(auto code, supply.find(plugin));
  if (!code) return add_missing(plugin);
  state_->slots.push_back({.plugin = plugin, .code = std::move(*code)});
  return state_->slots.size() - 1;
}

size_t CodeGathering::add_missing(const config::PluginSettings& plugin) {
  state_->slots.push_back({.plugin = plugin, .missing = true});
  ++state_->missing;
  return state_->slots.size() - 1;
}

void CodeGathering::start(const CodeSupply& supply, std::function<void()> on_complete) {
  if (complete()) return on_complete();
  {
    const std::lock_guard lock(state_->mutex);
    state_->on_complete = std::move(on_complete);
  }
  for (size_t place = 0; place < state_->slots.size(); ++place) {
    const State::Slot& slot = state_->slots[place];
    if (!slot.missing) continue;
    supply.fetch(
        slot.plugin,
        [state = state_, place](Result<std::string> code) {
          state->on_fetched(place, std::move(code));
        },
        [interest = std::weak_ptr(interest_)] { return !interest.expired(); });
  }
}

bool CodeGathering::complete() const { return state_->missing == 0; }

std::vector<std::string> CodeGathering::missing() const {
  std::vector<std::string> uris;
  for (const State::Slot& slot : state_->slots) {
    const auto* remote = std::get_if<config::RemoteFile>(&slot.plugin.vm.code);
    if (!slot.missing || remote == nullptr) continue;
    std::string uri = shown_url(remote->uri);
    if (!std::ranges::count(uris, uri)) uris.push_back(std::move(uri));
  }
  return uris;
}

Result<std::string> CodeGathering::take(size_t place) {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->slots[place].code, std::string());
}

}  // namespace weir::planes
