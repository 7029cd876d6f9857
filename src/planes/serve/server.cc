#include "planes/serve/server.h"

#include <unistd.h>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "planes/serve/admin_server.h"
#include "planes/serve/file_watch.h"
#include "planes/serve/net.h"
#include "planes/serve/plugin_fleet.h"
#include "planes/serve/worker_thread.h"

namespace weir::serve {
namespace {

// Listeners share their port among workers (SO_REUSEPORT), and so would silently share it with
// another process: it has to be free before the first one binds it.
Done check_free(const config::SocketAddress& address) {
  error_code error;
  asio::io_context io;
  TcpAcceptor probe(io);
  const auto ip = asio::ip::make_address(address.host, error);
  if (!error) probe.open(asio::ip::tcp::endpoint(ip, address.port).protocol(), error);
  if (!error) probe.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error) probe.bind({ip, address.port}, error);
  if (!error) return Unit{};
  return Error{ErrorCode::Io, "listen on " + to_string(address) + ": " + error.message()};
}

std::vector<config::PluginSettings> all_plugins(const config::ServeSettings& settings) {
  std::vector<config::PluginSettings> plugins;
  for (const auto& listener : settings.listeners) {
    plugins.insert(plugins.end(), listener.plugins.begin(), listener.plugins.end());
  }
  return plugins;
}

std::vector<PluginRange> plugin_ranges(const config::ServeSettings& settings) {
  std::vector<PluginRange> ranges;
  size_t first = 0;
  for (const auto& listener : settings.listeners) {
    ranges.push_back({first, listener.plugins.size()});
    first += listener.plugins.size();
  }
  return ranges;
}

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, runtime::Host& host, runtime::MetricStore& metrics)
      : options_(std::move(options)),
        host_(host),
        ranges_(plugin_ranges(options_.settings)),
        plugins_(all_plugins(options_.settings)),
        signals_(io_),
        drain_timer_(io_),
        guard_(asio::make_work_guard(io_)),
        metrics_(metrics) {}

  ~ServerImpl() override {
    // A load under way ends while there are workers; then workers, which nobody calls any more.
    watch_.reset();
    fleet_.reset();
    workers_.clear();
  }

  Done start();
  void run() override;
  uint16_t port(size_t listener) const override { return ports_[listener]; }
  uint16_t admin_port() const override { return admin_ == nullptr ? 0 : admin_->port(); }
  void shut_down() override {
    asio::post(io_, [this] { drain("asked to"); });
  }

 private:
  Done start_workers();
  Done start_listeners();
  Done start_admin();
  Done start_watch();
  void await_signal();
  void on_signal(int number);
  void drain(const std::string& why);
  void on_worker_drained();
  void log(LogLevel level, const std::string& line) { host_.logger().log(level, line); }

  const ServerOptions options_;
  runtime::Host& host_;
  const std::vector<PluginRange> ranges_;
  const std::vector<config::PluginSettings> plugins_;
  std::vector<RouteTable> routes_;
  std::optional<WorkerParts> parts_;

  asio::io_context io_{1};
  asio::basic_signal_set<Executor> signals_;
  Timer drain_timer_;
  asio::executor_work_guard<Executor> guard_;
  runtime::MetricStore& metrics_;
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<PluginFleet> fleet_;
  std::optional<Admin> pages_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<FileWatch> watch_;
  std::vector<uint16_t> ports_;
  size_t undrained_workers_ = 0;
  bool draining_ = false;
};

Done ServerImpl::start() {
  WEIR_TRY(start_workers());
  fleet_ = std::make_unique<PluginFleet>(host_, plugins_, options_.base_dir, workers_);
  WEIR_TRY(fleet_->start());
  WEIR_TRY(start_admin());
  WEIR_TRY(start_listeners());
  if (options_.watch_files) WEIR_TRY(start_watch());
  pages_->set_state(Admin::State::Live);
  return Unit{};
}

Done ServerImpl::start_workers() {
  for (const config::Listener& listener : options_.settings.listeners) {
    WEIR_TRY(auto table, RouteTable::make(listener, options_.settings));
    routes_.push_back(std::move(table));
    WEIR_TRY(check_free(listener.address));
  }
  parts_.emplace(WorkerParts{.host = host_,
                             .settings = options_.settings,
                             .routes = routes_,
                             .plugin_ranges = ranges_,
                             .plugin_count = plugins_.size()});
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(*parts_, i));
    WEIR_TRY(workers_.back()->open_clusters());
  }
  return Unit{};
}

Done ServerImpl::start_listeners() {
  for (size_t i = 0; i < options_.settings.listeners.size(); ++i) {
    config::SocketAddress address = options_.settings.listeners[i].address;
    for (const auto& worker : workers_) {
      // Where the system chooses a port, it chooses for the first worker.
      WEIR_TRY(address.port, worker->listen(i, address.port));
    }
    ports_.push_back(address.port);
    log(LogLevel::Info, "listening on " + to_string(address));
  }
  return Unit{};
}

Done ServerImpl::start_admin() {
  pages_.emplace(Admin::Parts{
      .settings = options_.settings,
      .workers = workers_,
      .plugins = *fleet_,
      .metrics = metrics_,
      .post = [this](std::function<void()> task) { asio::post(io_, std::move(task)); }});
  if (!options_.settings.admin) return Unit{};
  config::SocketAddress address = *options_.settings.admin;
  WEIR_TRY(admin_, AdminServer::make(io_, address, *pages_));
  address.port = admin_->port();
  log(LogLevel::Info, "admin on " + to_string(address));
  return Unit{};
}

Done ServerImpl::start_watch() {
  auto files = fleet_->watched_files();
  if (files.empty()) return Unit{};
  std::vector<std::filesystem::path> paths;
  for (const auto& file : files) paths.push_back(file.path);
  WEIR_TRY(watch_,
           FileWatch::make(io_, std::move(paths),
                           [this, files = std::move(files)](const std::vector<size_t>& changed) {
                             for (const size_t i : changed) {
                               log(LogLevel::Info, files[i].path.string() + " has changed");
                               fleet_->reload(files[i].places);
                             }
                           }));
  return Unit{};
}

void ServerImpl::run() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number);
  await_signal();
  io_.run();
}

void ServerImpl::await_signal() {
  signals_.async_wait([this](const error_code& error, int number) {
    if (error) return;
    await_signal();
    on_signal(number);
  });
}

void ServerImpl::on_signal(int number) {
  if (number == SIGHUP) {
    log(LogLevel::Info, "SIGHUP: loading all plugins anew");
    return fleet_->reload_all();
  }
  const std::string name = number == SIGINT ? "SIGINT" : "SIGTERM";
  if (draining_) {
    log(LogLevel::Warn, name + " again: ending at once");
    ::_exit(1);
  }
  drain(name);
}

void ServerImpl::drain(const std::string& why) {
  if (draining_) return;
  draining_ = true;
  pages_->set_state(Admin::State::Draining);
  log(LogLevel::Info, why + ": draining");
  undrained_workers_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->drain([this] { asio::post(io_, [this] { on_worker_drained(); }); });
  }
  drain_timer_.expires_after(options_.drain_time);
  drain_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    log(LogLevel::Warn, "drain time is over: breaking off what is left");
    io_.stop();
  });
}

void ServerImpl::on_worker_drained() {
  if (--undrained_workers_ > 0) return;
  log(LogLevel::Info, "drained");
  io_.stop();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, runtime::Host& host,
                                              runtime::MetricStore& metrics) {
  auto server = std::make_unique<ServerImpl>(std::move(options), host, metrics);
  WEIR_TRY(server->start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace weir::serve
