#include "planes/serve/restarter.h"

#include <boost/asio/post.hpp>

namespace weir::serve {

void Restarter::begin() {
  if (!parts_.program) {
    return log(LogLevel::Warn, "SIGUSR2: this program cannot start itself anew");
  }
  if (under_way_) {
    return log(LogLevel::Warn, "SIGUSR2 again: a new process is starting already");
  }
  if (parts_.updater.status().generation == nullptr) {
    return log(LogLevel::Warn, "SIGUSR2: nothing is served yet that could be handed over");
  }
  under_way_ = true;
  parts_.updater.hold([this] { asio::post(parts_.io, [this] { start(); }); });
}

void Restarter::start() {
  if (!under_way_) return;
  auto started = Successor::start(parts_.io, *parts_.program, parts_.legacy(),
                                  [this](Done verdict) { judge(std::move(verdict)); });
  if (!started.ok()) return fail(started.error());
  successor_ = std::move(started).value();
  log(LogLevel::Info, "SIGUSR2: process " + std::to_string(successor_->pid()) +
                          " starts, to take this one's place: " + parts_.program->file);
}

void Restarter::judge(Done verdict) {
  if (!verdict.ok()) return fail(verdict.error());
  log(LogLevel::Info, "process " + std::to_string(successor_->pid()) + " serves now");
  parts_.on_replaced(successor_->pid());
}

void Restarter::fail(const Error& why) {
  log(LogLevel::Error, "the new process does not serve, this one goes on: " + why.message);
  under_way_ = false;
  // It may be what tells this.
  asio::post(parts_.io, [gone = std::shared_ptr<Successor>(std::move(successor_))] {});
  parts_.updater.go_on();
  parts_.on_failed();
}

void Restarter::give_up() {
  under_way_ = false;
  if (successor_ != nullptr) successor_->give_up();
}

}  // namespace weir::serve
