#pragma once
// For tests: the world around a filter chain. Plugins, the client and the upstream are fakes that
// write what happens to them into one log.

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "planes/serve/filter_chain.h"

namespace weir::serve::test {

using runtime::Direction;

inline constexpr Direction kRequest = Direction::Request;
inline constexpr Direction kResponse = Direction::Response;
inline constexpr EndOfStream kEnd = EndOfStream::Yes;
inline constexpr EndOfStream kMore = EndOfStream::No;

inline Body body_of(std::string_view text) {
  Body body;
  body.append_copy(as_bytes(text));
  return body;
}

inline std::string text_of(const abi::Buffer& buffer) {
  std::string text(buffer.size(), '\0');
  buffer.copy_to(0, std::as_writable_bytes(std::span(text)));
  return text;
}

// What happened, a line each.
class Log {
 public:
  void add(std::string line) { lines_.push_back(std::move(line)); }
  // The lines since the last call.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

inline std::string end_mark(EndOfStream end) { return end == EndOfStream::Yes ? " end" : ""; }

// "x: 1, y: 2", without pseudo-headers.
inline std::string fields(const HeaderList& headers) {
  std::string text;
  headers.for_each([&](std::string_view name, std::string_view value) {
    if (name.starts_with(':') || name == "x-forwarded-proto") return;
    text += " " + std::string(name) + "=" + std::string(value);
  });
  return text;
}

// A plugin that answers as it is told, Continue otherwise, and can act inside its callbacks.
class FakePlugin {
 public:
  FakePlugin(std::string name, Log& log) : name_(std::move(name)), log_(log) {}

  // Answers of the next callbacks of that kind, in order.
  void answers(Direction d, std::initializer_list<abi::HeadersAction> actions) {
    headers_[index(d)] = actions;
  }
  void answers(Direction d, std::initializer_list<abi::DataAction> actions) {
    data_[index(d)] = actions;
  }
  void answers(Direction d, std::initializer_list<abi::TrailersAction> actions) {
    trailers_[index(d)] = actions;
  }

  // Run inside the callbacks.
  std::function<void(Direction)> in_headers = [](Direction) {};
  std::function<void(Direction)> in_body = [](Direction) {};
  std::function<void(Direction)> in_trailers = [](Direction) {};
  std::function<void(Direction)> in_metadata = [](Direction) {};
  std::function<bool()> in_finish = [] { return true; };

  bool sees_body = true;
  bool sees_trailers = true;
  bool sees_responses = true;  // whether its response callbacks are logged

  // Of the latest exchange.
  runtime::HttpStream& stream() { return *stream_; }
  bool has_context() const { return contexts_ > 0; }

  MakeContext maker();

 private:
  class Context;

  static size_t index(Direction d) { return static_cast<size_t>(d); }
  template <typename Action>
  static Action next(std::deque<Action>& queue) {
    if (queue.empty()) return Action::Continue;
    const Action action = queue.front();
    queue.pop_front();
    return action;
  }

  std::string name_;
  Log& log_;
  runtime::HttpStream* stream_ = nullptr;
  int contexts_ = 0;
  std::deque<abi::HeadersAction> headers_[2];
  std::deque<abi::DataAction> data_[2];
  std::deque<abi::TrailersAction> trailers_[2];
};

class FakePlugin::Context final : public runtime::HttpContext {
 public:
  explicit Context(FakePlugin& plugin) : plugin_(plugin) { ++plugin_.contexts_; }
  ~Context() override { --plugin_.contexts_; }

  abi::HeadersAction on_headers(Direction d, EndOfStream end) override {
    note(d, "headers" + end_mark(end));
    run(plugin_.in_headers, d);
    return next(plugin_.headers_[index(d)]);
  }
  abi::DataAction on_body(Direction d, EndOfStream end) override {
    note(d, "body " + text_of(*plugin_.stream_->body(d)) + end_mark(end));
    run(plugin_.in_body, d);
    return next(plugin_.data_[index(d)]);
  }
  abi::TrailersAction on_trailers(Direction d) override {
    note(d, "trailers");
    run(plugin_.in_trailers, d);
    return next(plugin_.trailers_[index(d)]);
  }
  void on_metadata(Direction d, abi::HeaderMap& metadata) override {
    note(d, "metadata of " + std::to_string(metadata.count()));
    run(plugin_.in_metadata, d);
  }
  bool finish() override {
    const bool finished = plugin_.in_finish();
    plugin_.log_.add(plugin_.name_ + (finished ? ": finished" : ": finishes later"));
    return finished;
  }
  bool sees_body(Direction) const override { return plugin_.sees_body; }
  bool sees_trailers(Direction) const override { return plugin_.sees_trailers; }

 private:
  void note(Direction d, const std::string& what) {
    if (d == Direction::Response && !plugin_.sees_responses) return;
    plugin_.log_.add(plugin_.name_ + (d == Direction::Request ? ": request " : ": response ") +
                     what);
  }
  void run(const std::function<void(Direction)>& action, Direction d) {
    // A callback inside a callback of the same context is what the chain must never do.
    if (inside_) plugin_.log_.add(plugin_.name_ + ": ENTERED TWICE");
    inside_ = true;
    action(d);
    inside_ = false;
  }

  FakePlugin& plugin_;
  bool inside_ = false;
};

inline MakeContext FakePlugin::maker() {
  return [this](runtime::HttpStream& stream) -> std::unique_ptr<runtime::HttpContext> {
    stream_ = &stream;
    return std::make_unique<Context>(*this);
  };
}

// A sink that logs as `who`.
inline void log_headers(Log& log, const std::string& who, const HeaderList& headers,
                        EndOfStream end) {
  const std::string_view first = headers.find(":status").value_or(
      headers.find(":path").value_or(std::string_view("NO PSEUDO-HEADER")));
  log.add(who + ": headers " + std::string(first) + fields(headers) + end_mark(end));
}

class FakeClient final : public ClientStream {
 public:
  explicit FakeClient(Log& log) : log_(log) {}

  // Set once the exchange is made.
  Exchange* exchange = nullptr;
  // Whether closed() is called, as soon as the response is over, from inside that call.
  bool closes_at_once = false;
  // Run when response headers come.
  std::function<void()> in_headers = [] {};

  const RequestInfo& info() const override { return info_; }
  void headers(HeaderList headers, EndOfStream end) override {
    log_headers(log_, "client", headers, end);
    in_headers();
    if (end == EndOfStream::Yes) over();
  }
  void data(Body data, EndOfStream end) override {
    log_.add("client: data " + text_of(data) + end_mark(end));
    if (end == EndOfStream::Yes) over();
  }
  void trailers(HeaderList trailers) override {
    log_.add("client: trailers" + fields(trailers));
    over();
  }
  void metadata(HeaderList metadata) override { log_.add("client: metadata" + fields(metadata)); }
  void interim_headers(HeaderList headers) override {
    log_.add("client: interim " + std::string(headers.find(":status").value_or("")));
  }
  void abort(std::string_view reason) override {
    log_.add("client: abort, " + std::string(reason));
    over();
  }
  void pause() override { log_.add("client: pause"); }
  void resume() override { log_.add("client: resume"); }

 private:
  void over() {
    if (closes_at_once) std::exchange(exchange, nullptr)->closed();
  }

  Log& log_;
  ConnectionInfo connection_{.id = 7,
                             .remote_address = "10.0.0.1:4000",
                             .remote_port = 4000,
                             .local_address = "10.0.0.2:80",
                             .local_port = 80};
  RequestInfo info_{connection_, HttpVersion::Http11};
};

class FakeCluster final : public Cluster {
 public:
  FakeCluster(Log& log, std::string name) : log_(log), name_(std::move(name)) {}

  // Of the latest request; the response is given to it.
  MessageSink& response() { return *response_; }
  MessageSource& request() { return *request_; }
  // Whether a connection has been chosen.
  bool connected = true;
  // What UpstreamExchange::backlog() tells.
  size_t backlog = 0;
  // What UpstreamExchange::was_refused() tells.
  bool refused = false;

  std::unique_ptr<UpstreamExchange> open(MessageSink& response, MessageSource* request,
                                         bool need_http2) override;
  std::unique_ptr<Dial> dial(DialEvents&) override { return nullptr; }

 private:
  class Upstream;

  Log& log_;
  std::string name_;
  MessageSink* response_ = nullptr;
  MessageSource* request_ = nullptr;
};

class FakeCluster::Upstream final : public UpstreamExchange {
 public:
  explicit Upstream(FakeCluster& cluster) : cluster_(cluster) {}
  ~Upstream() override { note("gone"); }

  void headers(HeaderList headers, EndOfStream end) override {
    log_headers(cluster_.log_, cluster_.name_, headers, end);
  }
  void data(Body data, EndOfStream end) override { note("data " + text_of(data) + end_mark(end)); }
  void trailers(HeaderList trailers) override { note("trailers" + fields(trailers)); }
  void metadata(HeaderList metadata) override { note("metadata" + fields(metadata)); }
  void abort(std::string_view reason) override { note("abort, " + std::string(reason)); }
  void pause() override { note("pause"); }
  void resume() override { note("resume"); }
  const UpstreamInfo* info() const override { return cluster_.connected ? &info_ : nullptr; }
  size_t backlog() const override { return cluster_.backlog; }
  bool was_refused() const override { return cluster_.refused; }

 private:
  void note(const std::string& what) { cluster_.log_.add(cluster_.name_ + ": " + what); }

  FakeCluster& cluster_;
  UpstreamInfo info_{
      .address = "10.0.0.9:8000", .port = 8000, .local_address = "10.0.0.2:555", .local_port = 555};
};

inline std::unique_ptr<UpstreamExchange> FakeCluster::open(MessageSink& response,
                                                           MessageSource* request,
                                                           bool need_http2) {
  response_ = &response;
  request_ = request;
  if (need_http2) log_.add(name_ + ": needs HTTP/2");
  return std::make_unique<Upstream>(*this);
}

// A worker's event loop that runs when it is told to.
class FakeServices final : public runtime::WorkerServices {
 public:
  explicit FakeServices(ManualClock& clock) : clock_(clock) {}

  runtime::Upstreams& upstreams() override { std::abort(); }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }

  void run_posted() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }
  // Moves the clock, and runs what comes due on the way, in its order.
  void advance(Milliseconds by);
  size_t armed_timers() const;

 private:
  class FakeTimer;

  ManualClock& clock_;
  std::deque<std::function<void()>> tasks_;
  std::vector<FakeTimer*> timers_;
};

class FakeServices::FakeTimer final : public runtime::Timer {
 public:
  FakeTimer(FakeServices& services, std::function<void()> on_expiry)
      : services_(services), on_expiry_(std::move(on_expiry)) {
    services_.timers_.push_back(this);
  }
  ~FakeTimer() override { std::erase(services_.timers_, this); }

  void start(Milliseconds delay) override { due_ = services_.clock_.monotonic() + delay; }
  void stop() override { due_ = Nanoseconds::max(); }
  Nanoseconds due() const { return due_; }
  void expire() {
    stop();
    const auto on_expiry = on_expiry_;  // it may destroy the timer
    on_expiry();
  }

 private:
  FakeServices& services_;
  std::function<void()> on_expiry_;
  Nanoseconds due_ = Nanoseconds::max();
};

inline std::unique_ptr<runtime::Timer> FakeServices::make_timer(std::function<void()> on_expiry) {
  return std::make_unique<FakeTimer>(*this, std::move(on_expiry));
}

inline void FakeServices::advance(Milliseconds by) {
  const Nanoseconds target = clock_.monotonic() + by;
  while (true) {
    const auto next = std::ranges::min_element(timers_, {}, &FakeTimer::due);
    if (next == timers_.end() || (*next)->due() > target) break;
    if ((*next)->due() > clock_.monotonic()) clock_.advance((*next)->due() - clock_.monotonic());
    (*next)->expire();
  }
  clock_.advance(target - clock_.monotonic());
}

inline size_t FakeServices::armed_timers() const {
  return static_cast<size_t>(std::ranges::count_if(
      timers_, [](const FakeTimer* timer) { return timer->due() != Nanoseconds::max(); }));
}

// A chain between a client and two clusters: "upstream" for "/", "other" for "/other".
class ChainWorld {
 public:
  explicit ChainWorld(uint64_t buffer_limit = 16,
                      config::RouteConfiguration routes = default_routes())
      : parts_(make_parts(buffer_limit, std::move(routes))) {}

  ~ChainWorld() {
    if (client.exchange != nullptr) client.exchange->closed();
    destroy_all(open_);
    reaper_.reap();
  }

  FakePlugin& add_plugin(std::string name) {
    plugins_.push_back(std::make_unique<FakePlugin>(std::move(name), log));
    makers_.push_back(plugins_.back()->maker());
    return *plugins_.back();
  }

  // Starts an exchange without its headers.
  Exchange& make() {
    client.exchange = &FilterChain::make(parts_, client, makers_);
    return *client.exchange;
  }

  Exchange& request(
      EndOfStream end,
      std::initializer_list<std::pair<std::string_view, std::string_view>> more = {}) {
    HeaderList headers{
        {":method", "GET"}, {":path", "/"}, {":scheme", "http"}, {":authority", "a.example"}};
    for (const auto& [name, value] : more) EXPECT_TRUE(headers.replace(name, value));
    make().headers(std::move(headers), end);
    return *client.exchange;
  }
  Exchange& exchange() { return *client.exchange; }

  MessageSink& response() { return cluster().response(); }
  void respond(EndOfStream end,
               std::initializer_list<std::pair<std::string_view, std::string_view>> more = {}) {
    HeaderList headers{{":status", "200"}};
    for (const auto& [name, value] : more) EXPECT_TRUE(headers.replace(name, value));
    response().headers(std::move(headers), end);
  }

  // The client is done with the exchange, unless it has said so.
  void close() {
    if (client.exchange != nullptr) std::exchange(client.exchange, nullptr)->closed();
    services.run_posted();
  }

  // Of the exchanges that are made from now on.
  void limit_duration(Milliseconds limit) { parts_.max_duration = limit; }
  config::RequestLimits& limits() { return parts_.limits; }
  void identify(const config::HttpIdentity& identity) { parts_.identity = &identity; }

  FakeCluster& cluster() { return static_cast<FakeCluster&>(*owned_clusters_[0]); }
  size_t open_exchanges() const { return open_.size(); }

  Log log;
  ManualClock clock;
  FakeServices services{clock};
  FakeClient client{log};
  ExchangeStats stats;
  std::vector<RouterStats> router_stats{2};

 private:
  static config::Route route(std::string prefix, std::string cluster, Milliseconds timeout,
                             std::string name = "") {
    return {
        .name = std::move(name),
        .match = {.path = {.text = std::move(prefix)}},
        .action = config::Forward{.clusters = {{.name = std::move(cluster)}}, .timeout = timeout}};
  }
  static config::RouteConfiguration default_routes() {
    return {.virtual_hosts = {{.name = "all",
                               .domains = {"*"},
                               .routes = {route("/other", "other", Milliseconds(1000)),
                                          route("/", "upstream", Milliseconds(15'000), "main")}}}};
  }
  ChainParts make_parts(uint64_t buffer_limit, config::RouteConfiguration routes) {
    config::ServeSettings settings;
    settings.clusters = {{.name = "upstream"}, {.name = "other"}};
    routes_ = RouteTable::make(routes, settings).value();
    for (const char* name : {"upstream", "other"}) {
      owned_clusters_.push_back(std::make_unique<FakeCluster>(log, name));
      clusters_.push_back(owned_clusters_.back().get());
      stats_by_cluster_.push_back(&router_stats[stats_by_cluster_.size()]);
    }
    return {.router = {routes_, clusters_, stats_by_cluster_, reaper_, timeouts_, services,
                       buffer_limit},
            .name = "chain",
            .buffer_limit = buffer_limit,
            .clock = clock,
            .stats = stats,
            .open = open_};
  }

  Reaper reaper_{[this](std::function<void()> task) { services.post(std::move(task)); }};
  TimeoutQueue timeouts_{clock, services};
  RouteTable routes_;
  std::vector<std::unique_ptr<Cluster>> owned_clusters_;
  std::vector<Cluster*> clusters_;
  std::vector<RouterStats*> stats_by_cluster_;
  FilterChains open_;
  std::vector<std::unique_ptr<FakePlugin>> plugins_;
  std::vector<MakeContext> makers_;
  ChainParts parts_;
};

}  // namespace weir::serve::test
