#include "planes/serve/server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "planes/serve/admin_server.h"
#include "planes/serve/file_watch.h"
#include "planes/serve/net.h"
#include "planes/serve/updater.h"
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

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, runtime::Host& host, runtime::MetricStore& metrics)
      : options_(std::move(options)),
        host_(host),
        signals_(io_),
        drain_timer_(io_),
        guard_(asio::make_work_guard(io_)),
        metrics_(metrics),
        supply_(options_.fetcher, options_.base_dir) {}

  ~ServerImpl() override {
    // A load under way ends while there are workers; then workers, which nobody calls any more.
    watch_.reset();
    updater_.reset();
    workers_.clear();
  }

  Done start();
  Done run() override;
  uint16_t port(size_t listener) const override {
    const auto ports = updater_->status().ports;
    return listener < ports.size() ? ports[listener] : 0;
  }
  uint16_t admin_port() const override { return admin_ == nullptr ? 0 : admin_->port(); }
  void shut_down() override {
    asio::post(io_, [this] { drain("asked to"); });
  }

 private:
  Done read_settings();
  Done check_addresses() const;
  Result<config::ServeSettings> read_update() const;
  void start_updater();
  Done start_admin();
  Done start_watch();
  void set_watched();
  void on_started(Done done);
  void await_signal();
  void on_signal(int number);
  void drain(const std::string& why);
  void on_worker_drained();
  void log(LogLevel level, const std::string& line) { host_.logger().log(level, line); }

  ServerOptions options_;
  runtime::Host& host_;

  asio::io_context io_{1};
  asio::basic_signal_set<Executor> signals_;
  Timer drain_timer_;
  asio::executor_work_guard<Executor> guard_;
  runtime::MetricStore& metrics_;
  LogFiles log_files_{host_.logger()};
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  const planes::CodeSupply supply_;
  FileState config_state_;
  std::unique_ptr<Updater> updater_;
  std::optional<Admin> pages_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<FileWatch> watch_;
  size_t undrained_workers_ = 0;
  bool draining_ = false;
  Done ended_ = Unit{};
};

Done ServerImpl::start() {
  WEIR_TRY(read_settings());
  WEIR_TRY(check_addresses());
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(host_, log_files_, options_.drain_time,
                                                      WorkerRole::Streams, i));
  }
  // The last: what workers ask of services at their end is still done.
  workers_.push_back(std::make_unique<WorkerThread>(host_, log_files_, options_.drain_time,
                                                    WorkerRole::Singletons, options_.workers));
  start_updater();
  WEIR_TRY(start_admin());
  WEIR_TRY(const auto started, updater_->start(options_.settings, [this](Done done) {
    asio::post(io_, [this, done = std::move(done)]() mutable { on_started(std::move(done)); });
  }));
  if (options_.watch_files) WEIR_TRY(start_watch());
  if (started == Updater::Started::Serves) pages_->set_state(Admin::State::Live);
  return Unit{};
}

Done ServerImpl::read_settings() {
  if (options_.read_settings == nullptr) return Unit{};
  config_state_ = FileState::of(options_.config_file);
  WEIR_TRY(options_.settings, options_.read_settings());
  return Unit{};
}

Done ServerImpl::check_addresses() const {
  for (const config::Listener& listener : options_.settings.listeners) {
    WEIR_TRY(check_free(listener.address));
  }
  return Unit{};
}

// The admin address stays what it was at the start, so that it is there to tell of updates.
Result<config::ServeSettings> ServerImpl::read_update() const {
  WEIR_TRY(config::ServeSettings settings, options_.read_settings());
  if (settings.admin != options_.settings.admin) {
    return Error{ErrorCode::BadConfig,
                 "admin: the address cannot change while the process runs; restart it"};
  }
  const auto running = updater_->status().generation;
  for (const config::Listener& listener : settings.listeners) {
    const bool ours =
        running != nullptr && std::ranges::count(running->settings.listeners, listener.address,
                                                 &config::Listener::address) > 0;
    if (!ours) {
      WEIR_TRY(check_free(listener.address));
    }
  }
  return settings;
}

void ServerImpl::start_updater() {
  Updater::Parts parts{.host = host_,
                       .workers = workers_,
                       .supply = supply_,
                       .log_files = log_files_,
                       .config_file = options_.config_file,
                       .config_state = config_state_,
                       .on_files = [this] { asio::post(io_, [this] { set_watched(); }); }};
  if (options_.read_settings != nullptr) parts.read_settings = [this] { return read_update(); };
  updater_ = std::make_unique<Updater>(std::move(parts));
}

Done ServerImpl::start_admin() {
  pages_.emplace(Admin::Parts{
      .workers = workers_,
      .updater = *updater_,
      .supply = supply_,
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
  WEIR_TRY(watch_, FileWatch::make(io_, [this](const std::vector<std::filesystem::path>& changed) {
             for (const auto& file : changed) log(LogLevel::Info, file.string() + " has changed");
             updater_->files_changed(changed);
           }));
  return watch_->set_files(updater_->watched_files());
}

void ServerImpl::set_watched() {
  if (watch_ == nullptr) return;
  if (Done done = watch_->set_files(updater_->watched_files()); !done.ok()) {
    log(LogLevel::Warn, done.error().message);
  }
}

Done ServerImpl::run() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) signals_.add(number);
  await_signal();
  io_.run();
  return ended_;
}

void ServerImpl::on_started(Done done) {
  if (draining_) return;
  if (done.ok()) return pages_->set_state(Admin::State::Live);
  ended_ = std::move(done);
  io_.stop();
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
    const bool file = options_.read_settings != nullptr;
    log(LogLevel::Info, std::string("SIGHUP: loading ") + (file ? "the configuration and " : "") +
                            "all plugins anew");
    return updater_->reload_all();
  }
  if (number == SIGUSR1) {
    log(LogLevel::Info, "SIGUSR1: opening access logs anew");
    return log_files_.reopen();
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
