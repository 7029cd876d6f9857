#include "planes/ats/server_events.h"

#include <atomic>
#include <string>
#include <string_view>

#include "planes/ats/plane.h"
#include "planes/ats/server_api.h"
#include "planes/ats/thread_sweep.h"
#include "planes/ats/worker.h"

namespace weir::ats_plane {
namespace {

// The name by which `traffic_ctl plugin msg` reaches the plugin, and what it may say.
constexpr std::string_view kMessageTag = "weir";
constexpr std::string_view kReload = "reload";

int on_reload_thread(TSCont continuation, TSEvent, void*) {
  TSContDestroy(continuation);
  Plane::get().reloader().run();
  return 0;
}

// Whoever asks for it, the server's end among them, waits for it: it takes a while, on a thread of
// the server's that is there for such work.
void ask_for_reload() {
  Plane::get().reloader().ask();
  TSContScheduleOnPool(TSContCreate(&on_reload_thread, TSMutexCreate()), 0, TS_THREAD_POOL_TASK);
}

int on_reload(TSCont, TSEvent, void*) {
  ask_for_reload();
  return 0;
}

// What has been sent, which may end with the zero of a C string.
std::string_view text_of(const TSPluginMsg& message) {
  if (message.data == nullptr) return {};
  const std::string_view text(static_cast<const char*>(message.data), message.data_size);
  return text.substr(0, text.find('\0'));
}

int on_message(TSCont, TSEvent, void* data) {
  const auto& message = *static_cast<const TSPluginMsg*>(data);
  if (message.tag != kMessageTag) return 0;
  const std::string_view text = text_of(message);
  if (text == kReload) {
    ask_for_reload();
    return 0;
  }
  constexpr size_t kMostShown = 100;
  const std::string shown(text.substr(0, kMostShown));
  TSError(
      "[weir] plugin msg weir '%s': there is no such message, and nothing is done; 'traffic_ctl "
      "plugin msg weir reload' loads plugins anew",
      shown.c_str());
  return 0;
}

int on_threads_ready(TSCont, TSEvent, void*) {
  start_workers();
  return 0;
}

int on_ports_ready(TSCont, TSEvent, void*) {
  Plane::get().set_serving();
  return 0;
}

// The server waits for what reads its messages, and ends then.
int on_shutdown(TSCont, TSEvent, void*) {
  Plane::get().end();
  return 0;
}

}  // namespace

void listen_to_server() {
  static std::atomic<bool> once = false;
  if (once.exchange(true)) return;
  TSMgmtUpdateRegister(TSContCreate(&on_reload, TSMutexCreate()), "weir");
  TSLifecycleHookAdd(TS_LIFECYCLE_MSG_HOOK, TSContCreate(&on_message, TSMutexCreate()));
  TSLifecycleHookAdd(TS_LIFECYCLE_TASK_THREADS_READY_HOOK,
                     TSContCreate(&on_threads_ready, TSMutexCreate()));
  TSLifecycleHookAdd(TS_LIFECYCLE_PORTS_READY_HOOK, TSContCreate(&on_ports_ready, TSMutexCreate()));
  TSLifecycleHookAdd(TS_LIFECYCLE_SHUTDOWN_HOOK, TSContCreate(&on_shutdown, TSMutexCreate()));
}

void start_workers() {
  static std::atomic<bool> once = false;
  if (once.exchange(true)) return;
  sweep_event_threads([] { Worker::here().adopt(); });
}

}  // namespace weir::ats_plane
