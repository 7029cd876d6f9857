#include "planes/serve/healing.h"

#include <algorithm>

namespace weir::serve {
namespace {

constexpr Milliseconds kLongestPause{60'000};

Milliseconds first_pause(const config::PluginSettings& settings) {
  const auto* remote = std::get_if<config::RemoteFile>(&settings.vm.code);
  if (remote == nullptr) return kLongestPause;
  return std::clamp(remote->retry_max, Milliseconds(1), kLongestPause);
}

}  // namespace

void Healing::watch(const Generation& running) {
  absent_.clear();
  for (size_t place = 0; place < running.plugins.size(); ++place) {
    const PlacedPlugin& plugin = running.plugins[place];
    if (plugin.plugin == nullptr) absent_.push_back({place, plugin.settings});
  }
  const Time now = std::chrono::steady_clock::now();
  if (absent_.empty()) {
    due_.reset();
    pause_ = Milliseconds(0);
  } else {
    Milliseconds first = kLongestPause;
    for (const Absent& absent : absent_) first = std::min(first, first_pause(absent.settings));
    pause_ = std::max(pause_, first);
    // Many changes in a row do not put it off.
    due_ = codes_ ? now : std::min(due_.value_or(Time::max()), now + pause_);
  }
  codes_.reset();
}

std::vector<Healing::Code> Healing::poll(Time now) {
  std::vector<Code> come;
  if (has_come()) {
    for (size_t i = 0; i < absent_.size(); ++i) {
      auto code = codes_->take(i);
      if (code.ok()) come.push_back({absent_[i].place, std::move(code).value()});
    }
    codes_.reset();
    pause_ = std::min(2 * pause_, kLongestPause);
    due_ = now + pause_;
  } else if (!codes_ && due_ && now >= *due_) {
    codes_.emplace();
    for (const Absent& absent : absent_) codes_->add_missing(absent.settings);
    codes_->start(supply_, wake_);
  }
  return come;
}

}  // namespace weir::serve
