#include "planes/serve/cluster.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <vector>

#include "base/check.h"
#include "planes/serve/endpoint.h"
#include "planes/serve/random.h"
#include "planes/serve/tcp_dial.h"

namespace weir::serve {
namespace {

using asio::ip::tcp;

// How often connections and connects are held against their time-outs.
constexpr Milliseconds kSweepInterval{200};

constexpr std::string_view kUnhealthy = "no healthy upstream";

// Of a number that several clusters of one name, in several generations, add up to.
void set_gauge(Counter& gauge, size_t& known, size_t now) {
  gauge.add(now);
  gauge.subtract(std::exchange(known, now));
}

// A name, and the addresses it has.
struct Name {
  std::string host;
  uint16_t port = 0;
  std::vector<tcp::endpoint> addresses;
  Connection::Time resolve_from{};  // the next lookup
  bool resolving = false;
};

class ClusterImpl final : public Cluster,
                          private Dispatcher,
                          private EndpointOwner,
                          private DialOwner {
 public:
  ClusterImpl(asio::io_context& io, const ClusterSettings& settings)
      : io_(io),
        settings_(settings),
        stats_(settings.stats != nullptr ? *settings.stats : own_stats_),
        resolver_(io),
        timer_(io),
        now_(std::chrono::steady_clock::now()) {
    if (settings_.outlier_detection) {
      detector_.emplace(
          OutlierDetector::Parts{.settings = *settings_.outlier_detection,
                                 .stats = stats_.outliers,
                                 .on_change = [this] { update_choice(); },
                                 .now = [] { return std::chrono::steady_clock::now(); },
                                 .random = [] { return random_number(); }});
    }
    add_endpoints();
    sweep();
  }

  ~ClusterImpl() override {
    WEIR_CHECK(unplaced_.empty() && failing_.empty() && dials_.empty());
    set_gauge(stats_.healthy_endpoints, known_healthy_, 0);
    set_gauge(stats_.known_endpoints, known_endpoints_, 0);
  }

  std::unique_ptr<UpstreamExchange> open(MessageSink& response, MessageSource* request,
                                         bool need_http2) override {
    Dispatcher& dispatcher = *this;
    return std::make_unique<UpstreamRequest>(dispatcher, settings_, stats_, response, request,
                                             need_http2 || settings_.http2);
  }

  std::unique_ptr<Dial> dial(DialEvents& events) override {
    DialOwner& owner = *this;
    auto dial = std::make_unique<TcpDial>(io_, settings_, stats_, owner, events);
    dials_.push_back(*dial);
    dial->start();
    return dial;
  }

  bool begin_retry() override {
    if (retries_ < settings_.limits.max_retries) return ++retries_, true;
    stats_.retry_overflows.add();
    return false;
  }
  void end_retry() override { --retries_; }

  std::vector<EndpointStatus> endpoints() const override {
    std::vector<EndpointStatus> all;
    for (const auto& endpoint : endpoints_) {
      const tcp::endpoint& address = endpoint->address();
      all.push_back({.host = address.address().to_string(),
                     .port = address.port(),
                     .healthy = endpoint->is_healthy(),
                     .ejected = endpoint->is_ejected(),
                     .connections = endpoint->connections()});
    }
    return all;
  }

 private:
  using Endpoints = std::vector<std::unique_ptr<Endpoint>>;

  void dispatch(UpstreamRequest& request) override;
  void on_refused(UpstreamRequest& request, std::string_view reason) override;
  bool may_wait(UpstreamRequest& request) override;
  void on_health_changed() override { update_choice(); }
  std::shared_ptr<OutlierRecord> make_record() override {
    return detector_ ? detector_->add() : nullptr;
  }
  void forget(OutlierRecord& record) override { detector_->remove(record); }
  void on_health_check_passed(OutlierRecord& record) override { detector_->on_healthy(record); }
  Connection::Time now() const override { return now_; }
  std::optional<tcp::endpoint> next_address() override;
  bool expects_addresses() const override { return endpoints_.empty() && is_resolving(); }
  std::string_view why_no_address() const override;
  void on_dialed(const tcp::endpoint& address, Outcome outcome) override;

  void add_endpoints();
  // Null: there is none that requests may go to.
  Endpoint* next_endpoint();
  Endpoint& next_in_turn();
  Endpoint& draw();
  Endpoint& least_loaded();
  void update_choice();
  void fail_later(UpstreamRequest& request, std::string reason, NotTried why = NotTried::No);
  void sweep();
  void resolve(Name& name);
  void on_resolved(Name& name, error_code error, const TcpResolver::results_type& found);
  void update_endpoints();
  bool is_resolving() const { return std::ranges::any_of(names_, &Name::resolving); }

  asio::io_context& io_;
  const ClusterSettings settings_;
  ClusterStats own_stats_;
  ClusterStats& stats_;
  TcpResolver resolver_;
  Timer timer_;
  Connection::Time now_;
  std::vector<tcp::endpoint> fixed_;
  std::vector<Name> names_;  // its size does not change
  std::string resolve_error_;
  std::optional<OutlierDetector> detector_;
  Endpoints endpoints_;
  std::vector<Endpoint*> choice_;  // those that requests go to: the healthy ones, or all in a panic
  uint32_t retries_ = 0;           // under way
  size_t known_healthy_ = 0;       // as the counters say
  size_t known_endpoints_ = 0;
  Endpoints retired_;  // no longer addresses of the cluster; they go when they are empty
  size_t next_ = 0;
  WaitingList unplaced_;  // no name is resolved yet
  WaitingList failing_;
  TcpDials dials_;
  // Handlers that come after the end find it expired.
  std::shared_ptr<ClusterImpl*> self_ = std::make_shared<ClusterImpl*>(this);
};

void ClusterImpl::add_endpoints() {
  for (const EndpointSettings& endpoint : settings_.endpoints) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(endpoint.host, not_an_address);
    if (not_an_address) {
      names_.push_back({.host = endpoint.host, .port = endpoint.port});
    } else {
      fixed_.emplace_back(address, endpoint.port);
    }
  }
  update_endpoints();
}

void ClusterImpl::dispatch(UpstreamRequest& request) {
  if (stats_.active_requests.value() > settings_.limits.max_requests) {
    stats_.pending_overflows.add();
    return fail_later(request, "overflow", NotTried::Overflow);
  }
  if (request.http2() && request.wants_tunnel() && !settings_.http2_options.allow_connect) {
    return fail_later(request, "upgrades over HTTP/2 need allow_connect in the cluster's options");
  }
  if (Endpoint* endpoint = next_endpoint()) {
    if (settings_.balancing == config::Cluster::Balancing::LeastRequest) {
      request.count_in(endpoint->load());
    }
    endpoint->serve(request);
  } else if (!endpoints_.empty()) {
    fail_later(request, std::string(kUnhealthy), NotTried::Unhealthy);
  } else if (is_resolving()) {
    unplaced_.push_back(request);
  } else {
    fail_later(request, std::string(why_no_address()));
  }
}

bool ClusterImpl::may_wait(UpstreamRequest& request) {
  size_t waiting = unplaced_.size();
  for (const auto& endpoint : endpoints_) waiting += endpoint->waiting();
  if (waiting < settings_.limits.max_pending_requests) return true;
  stats_.pending_overflows.add();
  fail_later(request, "overflow", NotTried::Overflow);
  return false;
}

// Fewer healthy endpoints than that would break down under what all are asked.
void ClusterImpl::update_choice() {
  choice_.clear();
  for (const auto& endpoint : endpoints_) {
    if (endpoint->is_healthy() && !endpoint->is_ejected()) choice_.push_back(endpoint.get());
  }
  const size_t healthy = choice_.size();
  const double percent = endpoints_.empty() ? 100.0
                                            : 100.0 * static_cast<double>(healthy) /
                                                  static_cast<double>(endpoints_.size());
  if (percent < settings_.panic_threshold) {
    choice_.clear();
    for (const auto& endpoint : endpoints_) choice_.push_back(endpoint.get());
  }
  set_gauge(stats_.healthy_endpoints, known_healthy_, healthy);
  set_gauge(stats_.known_endpoints, known_endpoints_, endpoints_.size());
}

Endpoint* ClusterImpl::next_endpoint() {
  if (choice_.empty()) return nullptr;
  switch (settings_.balancing) {
    case config::Cluster::Balancing::RoundRobin:
      return &next_in_turn();
    case config::Cluster::Balancing::LeastRequest:
      return &least_loaded();
    case config::Cluster::Balancing::Random:
      return &draw();
  }
  return nullptr;
}

// Past those that cannot be connected at the moment.
Endpoint& ClusterImpl::next_in_turn() {
  for (size_t i = 0; i < choice_.size(); ++i) {
    Endpoint& endpoint = *choice_[next_++ % choice_.size()];
    if (endpoint.is_usable()) return endpoint;
  }
  return *choice_[next_++ % choice_.size()];
}

// Any, but rather one that can be connected.
Endpoint& ClusterImpl::draw() {
  Endpoint& drawn = *choice_[random_number() % choice_.size()];
  return drawn.is_usable() ? drawn : next_in_turn();
}

Endpoint& ClusterImpl::least_loaded() {
  Endpoint* best = &draw();
  for (uint32_t i = 1; i < settings_.choice_count; ++i) {
    Endpoint& other = draw();
    if (*other.load() < *best->load()) best = &other;
  }
  return *best;
}

std::optional<tcp::endpoint> ClusterImpl::next_address() {
  Endpoint* endpoint = next_endpoint();
  if (endpoint == nullptr) return std::nullopt;
  return endpoint->address();
}

std::string_view ClusterImpl::why_no_address() const {
  if (!endpoints_.empty()) return kUnhealthy;
  return resolve_error_.empty() ? "the cluster has no address" : std::string_view(resolve_error_);
}

void ClusterImpl::on_dialed(const tcp::endpoint& address, Outcome outcome) {
  for (const auto& endpoint : endpoints_) {
    if (endpoint->address() != address) continue;
    return outcome == Outcome::Connected ? endpoint->note_served()
                                         : endpoint->note_refused(outcome == Outcome::TimedOut);
  }
  // The address is no longer the cluster's.
  if (outcome != Outcome::Connected) stats_.connect_failures.add();
}

void ClusterImpl::on_refused(UpstreamRequest& request, std::string_view reason) {
  request.note_refusal();
  if (request.refusals() >= endpoints_.size()) return request.fail(reason);
  dispatch(request);
}

void ClusterImpl::fail_later(UpstreamRequest& request, std::string reason, NotTried why) {
  request.note_failure(std::move(reason), why);
  failing_.push_back(request);
  asio::post(io_, [self = std::weak_ptr(self_)] {
    const auto alive = self.lock();
    if (!alive || (*alive)->failing_.empty()) return;
    ClusterImpl& cluster = **alive;
    UpstreamRequest& first = cluster.failing_.front();
    cluster.failing_.pop_front();
    first.fail(std::string(first.failure()));
  });
}

void ClusterImpl::sweep() {
  now_ = std::chrono::steady_clock::now();
  if (detector_) detector_->sweep();
  for (auto& endpoint : endpoints_) endpoint->sweep(now_);
  for (auto& endpoint : retired_) endpoint->sweep(now_);
  std::erase_if(retired_, [](const auto& endpoint) { return endpoint->is_empty(); });
  for (Name& name : names_) {
    if (!name.resolving && now_ >= name.resolve_from) resolve(name);
  }
  timer_.expires_after(kSweepInterval);
  timer_.async_wait([self = std::weak_ptr(self_)](error_code error) {
    const auto alive = self.lock();
    if (!error && alive) (*alive)->sweep();
  });
}

void ClusterImpl::resolve(Name& name) {
  name.resolving = true;
  resolver_.async_resolve(
      name.host, std::to_string(name.port),
      TcpResolver::flags::address_configured | TcpResolver::flags::numeric_service,
      [self = std::weak_ptr(self_), &name](error_code error,
                                           const TcpResolver::results_type& found) {
        if (const auto alive = self.lock()) (*alive)->on_resolved(name, error, found);
      });
}

void ClusterImpl::on_resolved(Name& name, error_code error,
                              const TcpResolver::results_type& found) {
  name.resolving = false;
  name.resolve_from = now_ + settings_.resolve_interval;
  if (error) {
    // What was known stays: a lookup that fails says nothing about the upstream.
    resolve_error_ = "cannot resolve '" + name.host + "': " + error.message();
    name.resolve_from = now_ + std::min(settings_.resolve_interval, Milliseconds(1'000));
  } else {
    name.addresses.clear();
    for (const auto& entry : found) name.addresses.push_back(entry.endpoint());
    if (settings_.first_address_only && !name.addresses.empty()) name.addresses.resize(1);
    update_endpoints();
  }
  WaitingList unplaced;
  unplaced.swap(unplaced_);
  while (!unplaced.empty()) {
    UpstreamRequest& request = unplaced.front();
    unplaced.pop_front();
    dispatch(request);
  }
  for (TcpDial& dial : dials_) dial.on_resolved();
}

void ClusterImpl::update_endpoints() {
  std::vector<tcp::endpoint> addresses = fixed_;
  for (const Name& name : names_) {
    addresses.insert(addresses.end(), name.addresses.begin(), name.addresses.end());
  }
  EndpointOwner& owner = *this;
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());

  Endpoints kept;
  for (const tcp::endpoint& address : addresses) {
    const auto old = std::ranges::find_if(endpoints_, [&](const auto& endpoint) {
      return endpoint != nullptr && endpoint->address() == address;
    });
    kept.push_back(old != endpoints_.end()
                       ? std::move(*old)
                       : std::make_unique<Endpoint>(io_, address, settings_, stats_, owner));
  }
  for (auto& endpoint : endpoints_) {
    if (endpoint == nullptr) continue;
    endpoint->drain();
    retired_.push_back(std::move(endpoint));
  }
  endpoints_ = std::move(kept);
  update_choice();
}

}  // namespace

Result<std::unique_ptr<Cluster>> make_cluster(asio::io_context& io,
                                              const ClusterSettings& settings) {
  const auto bad = [&](std::string_view what) {
    return Error{ErrorCode::BadConfig, "cluster '" + settings.name + "': " + std::string(what)};
  };
  if (settings.endpoints.empty()) return bad("it has no endpoints");
  for (const EndpointSettings& endpoint : settings.endpoints) {
    if (endpoint.host.empty()) return bad("an endpoint has no host");
    if (endpoint.port == 0) return bad("endpoint '" + endpoint.host + "' has port 0");
  }
  return std::unique_ptr<Cluster>(std::make_unique<ClusterImpl>(io, settings));
}

}  // namespace weir::serve
