#include "planes/serve/worker_listeners.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace weir::serve {
namespace {

// One address is one socket, whatever the listener is called; where the system has chosen the port,
// the name tells.
bool share_socket(const config::Listener& a, const config::Listener& b) {
  return a.address == b.address && (a.address.port != 0 || a.name == b.name);
}

}  // namespace

const WorkerListeners::Entry* WorkerListeners::find(const config::Listener& settings) const {
  const auto known = std::ranges::find_if(
      current_, [&](const Entry& entry) { return share_socket(entry.settings, settings); });
  return known == current_.end() ? nullptr : &*known;
}

Result<WorkerListeners::Entry> WorkerListeners::bind(const config::Listener& settings,
                                                     uint16_t port) const {
  ListenerOptions options;
  options.address = settings.address.host;
  options.port = port;
  options.stats = &stats_.listener(settings.name);
  Entry entry{.settings = settings,
              .entrance = std::make_unique<Entrance>(options, *options.stats)};
  WEIR_TRY(entry.listener,
           Listener::make(io_, options, *entry.entrance, pool_.take(settings, worker_)));
  return entry;
}

Result<std::vector<uint16_t>> WorkerListeners::prepare(const config::ServeSettings& next,
                                                       std::span<const uint16_t> ports) {
  next_.clear();
  std::vector<uint16_t> bound;
  for (size_t i = 0; i < next.listeners.size(); ++i) {
    const config::Listener& settings = next.listeners[i];
    if (const Entry* known = find(settings)) {
      bound.push_back(known->listener->port());
      next_.push_back({.settings = settings});
      continue;
    }
    const uint16_t port = settings.address.port != 0 ? settings.address.port : ports[i];
    auto entry = bind(settings, port);
    if (!entry.ok()) {
      next_.clear();
      return settings.where.locate(std::move(entry).error());
    }
    bound.push_back(entry.value().listener->port());
    next_.push_back(std::move(entry).value());
  }
  return bound;
}

Done WorkerListeners::commit(WorkerGeneration& next) {
  Done done = Unit{};
  for (size_t i = 0; i < next_.size(); ++i) {
    Entry& entry = next_[i];
    const bool is_new = entry.listener != nullptr;
    if (!is_new) {
      const auto known = std::ranges::find_if(current_, [&](const Entry& other) {
        return other.listener != nullptr && share_socket(other.settings, entry.settings);
      });
      entry.entrance = std::move(known->entrance);
      entry.listener = std::move(known->listener);
    }
    entry.entrance->lead_to(next, i);
    if (!is_new) continue;
    if (Done started = entry.listener->start(); !started.ok()) done = std::move(started);
  }
  current_.swap(next_);
  for (Entry& entry : next_) {
    if (entry.listener != nullptr) retire(std::move(entry));
  }
  next_.clear();
  return done;
}

void WorkerListeners::retire(Entry entry) {
  entry.entrance->retire();
  Listener* listener = entry.listener.get();
  entry.drain_timer = std::make_unique<Timer>(io_);
  entry.drain_timer->expires_after(drain_time_);
  entry.drain_timer->async_wait([this, listener](const error_code& error) {
    const auto still = std::ranges::find_if(
        draining_, [&](const Entry& other) { return other.listener.get() == listener; });
    if (!error && still != draining_.end()) listener->close_connections();
  });
  // A port that nobody takes over is free at once, for whoever wants it next.
  const bool is_taken_over = std::ranges::any_of(
      current_, [&](const Entry& other) { return other.listener->port() == listener->port(); });
  draining_.push_back(std::move(entry));
  const auto retire = is_taken_over ? &Listener::retire : &Listener::drain;
  (listener->*retire)([this, listener] {
    std::erase_if(draining_, [&](const Entry& other) { return other.listener.get() == listener; });
  });
}

bool WorkerListeners::leads_to(const WorkerGeneration& generation) const {
  const auto leads = [&](const Entry& entry) { return entry.entrance->leads_to(generation); };
  return std::ranges::any_of(draining_, leads) || std::ranges::any_of(current_, leads);
}

void WorkerListeners::tidy() {
  for (auto* entries : {&current_, &draining_}) {
    for (Entry& entry : *entries) entry.entrance->end_retired(*entry.listener, drain_time_);
  }
}

std::vector<SocketPool::Socket> WorkerListeners::sockets() const {
  std::vector<SocketPool::Socket> all;
  for (const Entry& entry : current_) {
    const config::SocketAddress address{entry.settings.address.host, entry.listener->port()};
    for (Descriptor& socket : entry.listener->sockets()) {
      all.push_back({.descriptor = std::move(socket),
                     .address = address,
                     .origin = SocketPool::Origin::Predecessor,
                     .name = entry.settings.name});
    }
  }
  return all;
}

void WorkerListeners::end_idle_connections() {
  for (auto* entries : {&current_, &draining_}) {
    for (Entry& entry : *entries) entry.listener->end_idle_connections();
  }
}

void WorkerListeners::drain(std::function<void()> done,
                            void (Listener::*how)(std::function<void()>)) {
  next_.clear();
  drained_ = std::move(done);
  undrained_ = 1;  // this call
  const auto one_less = [this] {
    if (--undrained_ == 0) std::exchange(drained_, nullptr)();
  };
  for (auto* entries : {&current_, &draining_}) {
    for (Entry& entry : *entries) {
      ++undrained_;
      (entry.listener.get()->*how)(one_less);
    }
  }
  boost::asio::post(io_, one_less);
}

void WorkerListeners::clear() {
  next_.clear();
  draining_.clear();
  current_.clear();
}

}  // namespace weir::serve
