// What Envoy calls of access loggers and their configurations. Each function has the name and the
// parameters that Envoy's ABI gives it.

#include "planes/envoy/filter_state.h"
#include "planes/envoy/logged_stream.h"
#include "planes/envoy/module.h"
#include "planes/envoy/needed_callbacks.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

Result<std::unique_ptr<Configuration>> make_config(EnvoyLoggerConfig* envoy, EnvoyBuffer name,
                                                   EnvoyBuffer bytes) {
  WEIR_TRY(check_callbacks(Part::AccessLogger));
  return Configuration::make(Module::get(), {"logger_config", name.view(), bytes.view()},
                             {.stats = stats_of(envoy), .carrier = nullptr});
}

// Whether it is told of a stream or connection that is not over, as Envoy can be asked to tell its
// loggers at the start and from time to time. Plugins are told once, at the end.
bool goes_on(LogType type) {
  switch (type) {
    case LogType::TcpUpstreamConnected:
    case LogType::TcpPeriodic:
    case LogType::DownstreamStart:
    case LogType::DownstreamPeriodic:
    case LogType::UpstreamPoolReady:
    case LogType::UpstreamPeriodic:
    case LogType::DownstreamTunnelEstablished:
    case LogType::UdpTunnelConnected:
    case LogType::UdpPeriodic:
      return true;
    default:
      return false;
  }
}

}  // namespace

// A configuration on one of Envoy's threads.
struct ThreadLogger {
  Worker& worker;
  const Configuration& config;
};

// Null where it cannot be used as written: Envoy then rejects what it is part of.
WEIR_ENVOY_HOOK const Configuration* envoy_dynamic_module_on_access_logger_config_new(
    EnvoyLoggerConfig* envoy, EnvoyBuffer name, EnvoyBuffer bytes) {
  auto made = make_config(envoy, name, bytes);
  if (made.ok()) {
    EnvoyFilterState::count_loggers(1);
    return std::move(made).value().release();
  }
  Module::get().host().logger().log(LogLevel::Error, made.error().message);
  return nullptr;
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_access_logger_config_destroy(
    const Configuration* config) {
  EnvoyFilterState::count_loggers(-1);
  delete config;
}

// On every thread, the main one too, which logs only requests to Envoy's own pages: there the
// plugin is started when it has something to log.
WEIR_ENVOY_HOOK ThreadLogger* envoy_dynamic_module_on_access_logger_new(const Configuration* config,
                                                                        EnvoyLogger*) {
  Worker& worker = Worker::here();
  const Worker::Event scope(worker, nullptr, Worker::EventKind::Tells, config->stats());
  std::string ignored;  // It has been logged.
  if (!Module::get().is_main_thread()) worker.start(*config->plugin(), ignored);
  return new ThreadLogger{worker, *config};
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_access_logger_log(EnvoyLogger* envoy,
                                                               ThreadLogger* logger, LogType type) {
  if (goes_on(type)) return;
  Worker& worker = logger->worker;
  const Worker::Event scope(worker, nullptr, Worker::EventKind::Tells, logger->config.stats());
  if (worker.in_guest()) {
    // A call that ends before the guest that makes it has returned, at an upstream log.
    Module::get().host().logger().log(
        LogLevel::Warn, "plugin '" + logger->config.plugin()->name() +
                            "' is not told of a call that failed at once: a plugin was making it");
    return;
  }
  std::string ignored;
  runtime::WorkerPlugin* plugin = worker.serve(*logger->config.plugin(), ignored);
  if (plugin == nullptr) return;
  LoggedStream stream(envoy);
  const Worker::GuestScope guest(worker);
  plugin->log(stream);
}

WEIR_ENVOY_HOOK void envoy_dynamic_module_on_access_logger_destroy(ThreadLogger* logger) {
  delete logger;
}

}  // namespace weir::envoy_plane
