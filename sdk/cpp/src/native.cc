// A plugin as native code: the table that native_plugin.h describes, and hostcalls by index.

#include <cxxabi.h>

#include <array>
#include <exception>
#include <iterator>
#include <new>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "native_metrics.h"
#include "native_plugin.h"
#include "state.h"
#include "thrown.h"

namespace weir_sdk {
namespace {

// Leaves the running callback, up to the host.
struct Stop {};

struct Instance {
  explicit Instance(const weir_native_host* its_host) : host(its_host) {}

  const weir_native_host* host;
  State state;
  InstanceMetrics metrics;
  bool stopped = false;  // no further hostcall leaves this instance
};

// Of this thread. Null outside of callbacks: while the code is loaded or unloaded.
thread_local Instance* running = nullptr;

// Enters an instance, and leaves it to the one that was entered before.
class Entered {
 public:
  explicit Entered(Instance* instance) : before_(running) { running = instance; }
  ~Entered() { running = before_; }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Instance* before_;
};

template <typename T>
uint64_t to_slot(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<uintptr_t>(value);
  } else if constexpr (sizeof(T) == sizeof(uint32_t)) {
    return static_cast<uint32_t>(value);  // zero-extended, as from wasm
  } else {
    return static_cast<uint64_t>(value);
  }
}

template <typename T>
T from_slot(uint64_t slot) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(static_cast<uintptr_t>(slot));
  } else {
    return static_cast<T>(slot);
  }
}

template <typename... Args>
WasmResult call_host(uint32_t index, const std::tuple<Args...>& args) {
  if (running == nullptr || running->stopped) return WasmResult::InternalFailure;
  auto slots = std::apply(
      [](Args... each) { return std::array<uint64_t, sizeof...(Args) + 1>{to_slot(each)...}; },
      args);
  if (running->host->call(running->host->self, index, slots.data()) != 0) {
    running->stopped = true;
    throw Stop();
  }
  return from_slot<WasmResult>(slots[0]);
}

template <auto Function>
struct Callback;

template <typename R, typename... Args, R (*Function)(Args...)>
struct Callback<Function> {
  static int call(void* self, uint64_t* slots) {
    auto* instance = static_cast<Instance*>(self);
    const Entered entered(instance);
    try {
      invoke(slots, std::index_sequence_for<Args...>());
    } catch (const Stop&) {
      instance->stopped = true;
    } catch (...) {
      if (!instance->stopped) log_exception();
      instance->stopped = true;
    }
    return instance->stopped ? 1 : 0;
  }

 private:
  template <size_t... I>
  static void invoke(uint64_t* slots, std::index_sequence<I...>) {
    if constexpr (std::is_void_v<R>) {
      Function(from_slot<Args>(slots[I])...);
    } else {
      slots[0] = to_slot(Function(from_slot<Args>(slots[I])...));
    }
  }

  // The handler of the exception that is told of is running.
  static void log_exception() {
    try {
      logCritical("an exception left the plugin: " + told_exception());
    } catch (...) {  // the host stops the plugin, or there is no memory for the text
    }
  }

  static std::string told_exception() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    std::string text = type == nullptr ? "unknown" : readable_type(type->name());
    try {
      throw;
    } catch (const std::exception& exception) {
      text += std::string(": ") + exception.what();
    } catch (const char* thrown) {
      text += std::string(": ") + thrown;
    } catch (const std::string& thrown) {
      text = "std::string: " + thrown;
    } catch (...) {
    }
    return text;
  }
};

void abi_version() {}

enum HostcallIndex : uint32_t {
#define HOSTCALL(name, signature, params, args) kIndexOf_##name,
#include "weir_sdk/hostcalls.def"
#undef HOSTCALL
};

WasmResult define_at_host(MetricType type, std::string_view name, uint32_t* id) {
  return call_host(kIndexOf_proxy_define_metric,
                   std::make_tuple(type, name.data(), name.size(), id));
}

// Calls the host with its own id of a metric, and whatever else it takes.
template <typename... Args>
WasmResult call_with_metric(uint32_t index, uint32_t metric_id, Args... args) {
  if (running == nullptr) return WasmResult::InternalFailure;
  uint32_t host_id = 0;
  const WasmResult found = running->metrics.find(metric_id, &host_id, define_at_host);
  return found == WasmResult::Ok ? call_host(index, std::make_tuple(host_id, args...)) : found;
}

constexpr weir_native_import kImports[] = {
#define HOSTCALL(name, signature, params, args) {"env", #name, "i(" signature ")"},
#include "weir_sdk/hostcalls.def"
#undef HOSTCALL
};

constexpr weir_native_export kExports[] = {
#define CALLBACK(result, name, signature, params) {#name, signature, &Callback<&name>::call},
#include "weir_sdk/callbacks.def"
#undef CALLBACK
    {"proxy_on_memory_allocate", "i(i)", &Callback<&proxy_on_memory_allocate>::call},
    {"proxy_abi_version_0_2_1", "v()", &Callback<&abi_version>::call},
};

void* create(const weir_native_host* host) { return new (std::nothrow) Instance(host); }

void destroy(void* self) {
  auto* instance = static_cast<Instance*>(self);
  const Entered entered(instance);
  instance->stopped = true;
  try {
    instance->state.contexts.clear();
  } catch (...) {  // by a destructor; what it leaves behind is lost, the host goes on
    return;
  }
  delete instance;
}

constexpr weir_native_plugin kPlugin = {
    WEIR_NATIVE_PLUGIN_VERSION, "plugin", kImports, std::size(kImports), kExports,
    std::size(kExports),        &create,  &destroy,
};

}  // namespace

State& state() {
  if (running != nullptr) return running->state;
  // Static objects of the plugin may ask for contexts before there are any.
  thread_local State none;
  return none;
}

void flush_output() {}  // standard output is the process's own

void give_up() {
  if (running != nullptr) running->stopped = true;
  throw Stop();
}

}  // namespace weir_sdk

#define HOSTCALL(name, signature, params, args)                                  \
  WasmResult name params {                                                       \
    return weir_sdk::call_host(weir_sdk::kIndexOf_##name, std::make_tuple args); \
  }
#define METRIC_HOSTCALL(name, signature, params, args)
#include "weir_sdk/hostcalls.def"
#undef HOSTCALL

WasmResult proxy_define_metric(MetricType type, const char* name, size_t name_size,
                               uint32_t* metric_id) {
  using namespace weir_sdk;
  if (running == nullptr) return WasmResult::InternalFailure;
  return running->metrics.define(type, {name, name_size}, metric_id, define_at_host);
}

WasmResult proxy_increment_metric(uint32_t metric_id, int64_t offset) {
  using namespace weir_sdk;
  return call_with_metric(kIndexOf_proxy_increment_metric, metric_id, offset);
}

WasmResult proxy_record_metric(uint32_t metric_id, uint64_t value) {
  using namespace weir_sdk;
  return call_with_metric(kIndexOf_proxy_record_metric, metric_id, value);
}

WasmResult proxy_get_metric(uint32_t metric_id, uint64_t* value) {
  using namespace weir_sdk;
  return call_with_metric(kIndexOf_proxy_get_metric, metric_id, value);
}

std::string weir_sdk::metric_name(uint32_t metric_id) {
  const auto named = MetricNames::of_process().find(metric_id);
  return named ? named->name : "";
}

extern "C" __attribute__((visibility("default"))) const weir_native_plugin*
weir_get_native_plugin() {
  return &weir_sdk::kPlugin;
}
