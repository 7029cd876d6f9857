#include "planes/serve/server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <set>

#include "planes/serve/admin_server.h"
#include "planes/serve/cluster_route.h"
#include "planes/serve/file_watch.h"
#include "planes/serve/listening_socket.h"
#include "planes/serve/net.h"
#include "planes/serve/pid_file.h"
#include "planes/serve/restarter.h"
#include "planes/serve/supervisor.h"
#include "planes/serve/updater.h"
#include "planes/serve/worker_thread.h"

namespace weir::serve {
namespace {

// Listeners share their port among workers (SO_REUSEPORT), and so would silently share it with
// another process: it has to be free before the first one binds it, save for listeners of this
// process that have the same port at other addresses, one of which may be all of them.
enum class OwnPort : uint8_t { No, Yes };

Done check_free(const config::Listener& listener, OwnPort own) {
  auto bound = bind_socket(listener.address.host, listener.address.port, own == OwnPort::Yes);
  if (bound.ok()) return Unit{};
  return listener.where.locate(
      std::move(bound).error().in("listen on " + to_string(listener.address)));
}

// Sockets that are the same, whatever their descriptors, have the same of these.
std::pair<dev_t, ino_t> identity_of(const Descriptor& socket) {
  struct stat status {};
  if (::fstat(socket.number(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

// How much of the drain time clients have for a next request, where another process goes on.
constexpr double kNextRequestShare = 0.75;

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, runtime::Host& host, runtime::MetricStore& metrics)
      : options_(std::move(options)),
        host_(host),
        signals_(io_),
        drain_timer_(io_),
        idle_timer_(io_),
        watchdog_timer_(io_),
        guard_(asio::make_work_guard(io_)),
        metrics_(metrics),
        supply_(options_.fetcher, options_.base_dir, cluster_routes(options_.base_dir)),
        supervisor_(variable(), ::getpid(), host.logger()),
        pid_file_(options_.pid_file, host.logger()) {}

  ~ServerImpl() override {
    // A load under way ends while there are workers; then workers, which nobody calls any more.
    watch_.reset();
    updater_.reset();
    workers_.clear();
  }

  Done start();
  // Where it has failed, who else goes on is told.
  void give_back(const Error& why) {
    if (predecessor_) std::exchange(predecessor_, std::nullopt)->give_back(why.message);
  }
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
  ReadVariable variable() const {
    if (options_.variable != nullptr) return options_.variable;
    return [](const char*) -> const char* { return nullptr; };
  }
  Done read_settings();
  Done inherit();
  Done check_addresses() const;
  Done check_systemd_sockets() const;
  Result<config::ServeSettings> read_update() const;
  void start_updater();
  Done start_admin();
  Done start_watch();
  void set_watched();
  void on_started(Done done);
  void begin_serving();
  void start_restarter();
  Legacy make_legacy();
  void on_replaced(pid_t successor);
  void watch_workers();
  void await_signal();
  void on_signal(int number);
  void drain(const std::string& why);
  void drain_workers(WorkerThread::Drain how);
  void on_worker_drained();
  void log(LogLevel level, const std::string& line) { host_.logger().log(level, line); }

  ServerOptions options_;
  runtime::Host& host_;

  asio::io_context io_{1};
  asio::basic_signal_set<Executor> signals_;
  Timer drain_timer_;
  Timer idle_timer_;
  Timer watchdog_timer_;
  asio::executor_work_guard<Executor> guard_;
  runtime::MetricStore& metrics_;
  LogFiles log_files_{host_.logger()};
  std::optional<const SocketPool> pool_;
  Descriptor inherited_admin_;
  std::optional<Predecessor> predecessor_;  // until this process serves in its place
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  const planes::CodeSupply supply_;
  FileState config_state_;
  std::unique_ptr<Updater> updater_;
  std::optional<Admin> pages_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<FileWatch> watch_;
  const Supervisor supervisor_;
  PidFile pid_file_;
  std::optional<Restarter> restarter_;
  size_t silent_workers_ = 0;  // that have not answered since the watchdog's last turn
  size_t undrained_workers_ = 0;
  bool draining_ = false;
  bool replaced_ = false;  // and drains, as another process serves; until a signal says to hurry
  Done ended_ = Unit{};
};

Done ServerImpl::start() {
  // What they ask for is done once all has started.
  sigset_t held;
  sigemptyset(&held);
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) {
    signals_.add(number);
    sigaddset(&held, number);
  }
  // The program may have held them back until now.
  pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
  // The process may be another by this; what is inherited is taken by the last one.
  Done read = read_settings();
  WEIR_TRY(inherit());
  WEIR_TRY(std::move(read));
  WEIR_TRY(check_addresses());
  const WorkerThread::Parts parts{
      .host = host_, .log_files = log_files_, .pool = *pool_, .drain_time = options_.drain_time};
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<WorkerThread>(parts, WorkerRole::Streams, i));
  }
  // The last: what workers ask of services at their end is still done.
  workers_.push_back(
      std::make_unique<WorkerThread>(parts, WorkerRole::Singletons, options_.workers));
  start_updater();
  start_restarter();
  WEIR_TRY(start_admin());
  WEIR_TRY(const auto started, updater_->start(options_.settings, [this](Done done) {
    asio::post(io_, [this, done = std::move(done)]() mutable { on_started(std::move(done)); });
  }));
  if (options_.watch_files) WEIR_TRY(start_watch());
  if (started == Updater::Started::Serves) begin_serving();
  if (supervisor_.watchdog()) watch_workers();
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
    if (!pool_->has(listener)) WEIR_TRY(check_free(listener, OwnPort::No));
  }
  return check_systemd_sockets();
}

// Clients of such a socket would wait in it for ever.
Done ServerImpl::check_systemd_sockets() const {
  for (const SocketPool::Known& known : pool_->of_systemd()) {
    const auto& settings = options_.settings;
    const bool used = std::ranges::any_of(settings.listeners,
                                          [&](const config::Listener& listener) {
                                            return is_same_place(listener.address, known.address);
                                          }) ||
                      (settings.admin && is_same_place(*settings.admin, known.address));
    if (used) continue;
    const std::string text = "systemd's socket '" + known.name + "' is " +
                             to_string(known.address) +
                             ", where no listener is: change that listener's address or the "
                             "unit's ListenStream= so that they are the same";
    // One that a process before was given is no reason not to take its place.
    if (!predecessor_) return Error{ErrorCode::BadConfig, text};
    host_.logger().log(LogLevel::Warn, text);
  }
  return Unit{};
}

Done ServerImpl::inherit() {
  WEIR_TRY(Inheritance inheritance, take_inheritance(variable(), ::getpid()));
  pool_.emplace(std::move(inheritance.sockets), options_.workers);
  inherited_admin_ = std::move(inheritance.admin);
  predecessor_ = std::move(inheritance.predecessor);
  return Unit{};
}

// The admin address stays what it was at the start, so that it is there to tell of updates.
Result<config::ServeSettings> ServerImpl::read_update() const {
  WEIR_TRY(config::ServeSettings settings, options_.read_settings());
  if (settings.admin != options_.settings.admin) {
    return settings.admin_where.locate(
        {ErrorCode::BadConfig,
         "admin: the address cannot change while the process runs; restart it"});
  }
  const UpdateStatus status = updater_->status();
  const auto& running = status.generation;
  for (const config::Listener& listener : settings.listeners) {
    const bool ours =
        running != nullptr && std::ranges::count(running->settings.listeners, listener.address,
                                                 &config::Listener::address) > 0;
    if (!ours && !pool_->has(listener)) {
      const uint16_t port = listener.address.port;
      const bool own = port != 0 && std::ranges::count(status.ports, port) > 0;
      WEIR_TRY(check_free(listener, own ? OwnPort::Yes : OwnPort::No));
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
  // Until then they end the process at once: a start may take long, and has nothing to lose.
  parts.on_first = [this] {
    for (const int number : {SIGTERM, SIGINT}) signals_.add(number);
  };
  parts.on_settled = [this] {
    asio::post(io_, [this] {
      if (!draining_ && pages_->state() == Admin::State::Live) supervisor_.tell("READY=1");
    });
  };
  // The process before has its code: this one is not to serve with less.
  if (predecessor_) parts.on_missing = OnMissing::Reject;
  if (options_.read_settings != nullptr) parts.read_settings = [this] { return read_update(); };
  updater_ = std::make_unique<Updater>(std::move(parts));
}

Done ServerImpl::start_admin() {
  pages_.emplace(Admin::Parts{
      .workers = workers_,
      .updater = *updater_,
      .supply = supply_,
      .metrics = metrics_,
      .config_file = options_.config_file.string(),
      .version = options_.version,
      .post = [this](std::function<void()> task) { asio::post(io_, std::move(task)); }});
  if (!options_.settings.admin) return Unit{};
  config::SocketAddress address = *options_.settings.admin;
  Descriptor socket = pool_->take_single(address);
  if (inherited_admin_.is_open()) {
    const auto bound = listening_address(inherited_admin_.number());
    const bool same =
        bound.ok() && (address.port == 0 ? is_same_host(bound.value().host, address.host)
                                         : is_same_place(bound.value(), address));
    if (same) socket = std::move(inherited_admin_);
    inherited_admin_ = Descriptor();
  }
  auto made = AdminServer::make(io_, address, std::move(socket), *pages_);
  if (!made.ok()) return options_.settings.admin_where.locate(std::move(made).error());
  admin_ = std::move(made).value();
  address.port = admin_->port();
  // Until then the process before answers there.
  if (!predecessor_) WEIR_TRY(admin_->start());
  log(LogLevel::Info, "admin on " + to_string(address));
  return Unit{};
}

Done ServerImpl::start_watch() {
  const auto on_change = [this](const std::vector<std::filesystem::path>& changed) {
    for (const auto& file : changed) log(LogLevel::Info, file.string() + " has changed");
    updater_->files_changed(changed);
  };
  const auto on_absence = [this](const std::filesystem::path& file, const std::string& why) {
    updater_->log_absence(file, why);
  };
  WEIR_TRY(watch_, FileWatch::make(io_, on_change, on_absence));
  return watch_->set_files(updater_->watched_files());
}

void ServerImpl::set_watched() {
  if (watch_ == nullptr) return;
  if (Done done = watch_->set_files(updater_->watched_files()); !done.ok()) {
    log(LogLevel::Warn, done.error().message);
  }
}

Done ServerImpl::run() {
  await_signal();
  io_.run();
  return ended_;
}

void ServerImpl::on_started(Done done) {
  if (draining_) return;
  if (done.ok()) return begin_serving();
  give_back(done.error());
  ended_ = std::move(done);
  io_.stop();
}

void ServerImpl::begin_serving() {
  pages_->set_state(Admin::State::Live);
  for (const std::string& address : pool_->close_rest()) {
    log(LogLevel::Info, "no longer listening on " + address);
  }
  pid_file_.write();
  if (!predecessor_) return supervisor_.tell("READY=1");
  if (admin_ != nullptr) {
    if (Done done = admin_->start(); !done.ok()) log(LogLevel::Error, done.error().message);
  }
  // It tells the supervisor, who knows this process from it alone.
  std::exchange(predecessor_, std::nullopt)->take_over();
}

void ServerImpl::start_restarter() {
  restarter_.emplace(
      Restarter::Parts{.io = io_,
                       .updater = *updater_,
                       .logger = host_.logger(),
                       .program = options_.program,
                       .legacy = [this] { return make_legacy(); },
                       .on_replaced = [this](pid_t successor) { on_replaced(successor); },
                       .on_failed = [this] { supervisor_.tell("READY=1"); }});
}

Legacy ServerImpl::make_legacy() {
  supervisor_.tell_reloading();
  Legacy legacy;
  std::set<std::pair<dev_t, ino_t>> known;
  const auto add = [&](SocketPool::Socket socket) {
    if (socket.descriptor.is_open() && known.insert(identity_of(socket.descriptor)).second) {
      legacy.add(std::move(socket));
    }
  };
  for (SocketPool::Socket& socket : pool_->duplicates_of_systemd()) add(std::move(socket));
  for (const auto& worker : workers_) {
    for (SocketPool::Socket& socket : worker->sockets()) add(std::move(socket));
  }
  if (admin_ != nullptr) legacy.set_admin(admin_->socket());
  return legacy;
}

void ServerImpl::on_replaced(pid_t successor) {
  supervisor_.tell("MAINPID=" + std::to_string(successor) + "\nREADY=1");
  watchdog_timer_.cancel();
  if (draining_) return;
  draining_ = replaced_ = true;
  admin_.reset();
  pid_file_.leave();
  log(LogLevel::Info, "draining");
  drain_workers(WorkerThread::Drain::AfterNext);
  idle_timer_.expires_after(
      std::chrono::duration_cast<Milliseconds>(options_.drain_time * kNextRequestShare));
  idle_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    for (const auto& worker : workers_) worker->end_idle_connections();
  });
}

// A worker that does not answer for a whole turn serves nobody.
void ServerImpl::watch_workers() {
  if (silent_workers_ == 0) {
    supervisor_.tell("WATCHDOG=1");
    silent_workers_ = workers_.size();
    for (const auto& worker : workers_) {
      worker->post([this] { asio::post(io_, [this] { --silent_workers_; }); });
    }
  }
  watchdog_timer_.expires_after(*supervisor_.watchdog() / 3);
  watchdog_timer_.async_wait([this](const error_code& error) {
    if (!error) watch_workers();
  });
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
    supervisor_.tell_reloading();
    return updater_->reload_all();
  }
  if (number == SIGUSR2) {
    if (draining_) return log(LogLevel::Warn, "SIGUSR2: this process is about to end");
    return restarter_->begin();
  }
  if (number == SIGUSR1) {
    log(LogLevel::Info, "SIGUSR1: opening access logs anew");
    return log_files_.reopen();
  }
  const std::string name = number == SIGINT ? "SIGINT" : "SIGTERM";
  if (std::exchange(replaced_, false)) {
    log(LogLevel::Info, name + ": waiting for next requests no longer");
    for (const auto& worker : workers_) worker->end_idle_connections();
    return;
  }
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
  supervisor_.tell("STOPPING=1");
  restarter_->give_up();
  updater_->end();
  drain_workers(WorkerThread::Drain::Now);
}

void ServerImpl::drain_workers(WorkerThread::Drain how) {
  undrained_workers_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->drain(how, [this] { asio::post(io_, [this] { on_worker_drained(); }); });
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
  if (Done done = server->start(); !done.ok()) {
    server->give_back(done.error());
    return std::move(done).error();
  }
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace weir::serve
