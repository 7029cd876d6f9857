// The engines side by side: what each costs to compile a plugin, to start it, to call it, and to
// let it compute. WEIR_ENGINE_PATH must name the folder of the adapters; those that are not there
// are left out aloud. scripts/engine_table.py makes a table of the results. What is compared is
// processor time: some compile on several threads, and one in a process of its own.

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "bench_host.h"
#include "engine/code_cache.h"

namespace weir::runtime {
namespace {

namespace fs = std::filesystem;

// A real plugin: Rust, 70 kB.
std::string real_plugin() {
  std::ifstream file(WEIR_BENCH_PLUGINS "/header-edit-rust.wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

PluginOptions real_options(const std::string& engine) {
  PluginOptions options;
  options.name = "header-edit-rust";
  options.vm.code = real_plugin();
  options.vm.engine = engine;
  return options;
}

// A host that loads plugins, with or without a cache of compiled code.
struct Loader {
  explicit Loader(const engine::CodeCache* cache = nullptr)
      : host({engines, cache, clock, logger, metrics}) {}

  QuietLogger logger;
  SystemClock clock;
  MetricStore metrics;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  Host host;
};

// Of all threads of this process, and of compilers that it has started and that have ended.
double processor_nanoseconds() {
  double sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
    }
  }
  return sum;
}

// Loads the plugin again and again, and tells the processor time of once as the counter `cpu`.
void load_repeatedly(benchmark::State& state, Host& host, const std::string& engine) {
  const double before = processor_nanoseconds();
  for (auto _ : state) benchmark::DoNotOptimize(must(host.load(real_options(engine))));
  state.counters["cpu"] =
      (processor_nanoseconds() - before) / static_cast<double>(state.iterations());
}

// The whole of Host::load(): compiled, started and configured once.
void load(benchmark::State& state, const std::string& engine) {
  if (real_plugin().empty()) return state.SkipWithError("run scripts/guests.sh header-edit-rust");
  Loader loader;
  load_repeatedly(state, loader.host, engine);
}

void load_from_cache(benchmark::State& state, const std::string& engine) {
  if (real_plugin().empty()) return state.SkipWithError("run scripts/guests.sh header-edit-rust");
  std::string folder = (fs::temp_directory_path() / "weir-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  QuietLogger logger;
  const engine::CodeCache cache(folder, 1ull << 30, logger);
  Loader loader(&cache);
  if (must(loader.engines.find(engine))->capabilities().serialize) {
    must(loader.host.load(real_options(engine)));
    load_repeatedly(state, loader.host, engine);
  } else {
    state.SkipWithError("no artifacts");
  }
  fs::remove_all(folder);
}

void start_on_workers(benchmark::State& state, const std::string& engine, std::string code) {
  BenchPlugin bench(std::move(code), engine);
  for (auto _ : state) {
    Worker worker(bench.host, bench.services);
    benchmark::DoNotOptimize(must(worker.start(bench.plugin)));
  }
}

// A worker's own instance of a plugin that is loaded, started and configured.
void start(benchmark::State& state, const std::string& engine) {
  if (real_plugin().empty()) return state.SkipWithError("run scripts/guests.sh header-edit-rust");
  start_on_workers(state, engine, real_plugin());
}

// The same of a plugin that does nothing then: the instance alone.
void instantiate(benchmark::State& state, const std::string& engine) {
  start_on_workers(state, engine, bench_guest("noop"));
}

// The memory that one more instance takes, in kB, as the counter `kB`.
void memory(benchmark::State& state, const std::string& engine) {
  if (real_plugin().empty()) return state.SkipWithError("run scripts/guests.sh header-edit-rust");
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    uint64_t total = 0;
    uint64_t pages = 0;
    statm >> total >> pages;
    return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  };
  constexpr size_t kInstances = 64;
  BenchPlugin bench(real_plugin(), engine);
  for (auto _ : state) {
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::unique_ptr<WorkerPlugin>> running;
    ::malloc_trim(0);  // what others have freed is none that instances could take unseen
    const uint64_t before = resident();
    for (size_t i = 0; i < kInstances; ++i) {
      workers.push_back(std::make_unique<Worker>(bench.host, bench.services));
      running.push_back(must(workers.back()->start(bench.plugin)));
    }
    state.counters["kB"] =
        static_cast<double>(resident() - before) / (1024 * static_cast<double>(kInstances));
    running.clear();
  }
}

template <typename Callback>
void run_callback(benchmark::State& state, const std::string& engine, const std::string& guest,
                  int calls, Callback&& callback) {
  BenchPlugin bench(bench_guest(guest), engine);
  BenchStream stream;
  auto context = bench.running->make_http_context(stream);
  for (auto _ : state) callback(*context);
  state.SetItemsProcessed(state.iterations() * calls);
  context->finish();
}

void empty_callback(benchmark::State& state, const std::string& engine) {
  run_callback(state, engine, "calls", 1, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_headers(Direction::Request, abi::EndOfStream::Yes));
  });
}

void ten_get_header(benchmark::State& state, const std::string& engine) {
  run_callback(state, engine, "calls", 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_body(Direction::Request, abi::EndOfStream::No));
  });
}

void compute(benchmark::State& state, const std::string& engine) {
  run_callback(state, engine, "compute", 1, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_headers(Direction::Request, abi::EndOfStream::Yes));
  });
}

using Body = void (*)(benchmark::State&, const std::string&);
constexpr std::pair<const char*, Body> kBodies[] = {
    {"load", load},
    {"load_from_cache", load_from_cache},
    {"instantiate", instantiate},
    {"start", start},
    {"memory", memory},
    {"empty_callback", empty_callback},
    {"ten_get_header", ten_get_header},
    {"compute", compute},
};

// Every benchmark for every engine that is there, as "load/wasmtime".
const bool kRegistered = [] {
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  for (const std::string_view name : engine::known_engines()) {
    if (name == "null") continue;
    if (auto found = engines.find(name); !found.ok()) {
      std::fprintf(stderr, "left out: %s\n", found.error().message.c_str());
      continue;
    }
    for (const auto& [title, body] : kBodies) {
      const std::string engine(name);
      auto* made = benchmark::RegisterBenchmark(
          (std::string(title) + "/" + engine).c_str(),
          [body = body, engine](benchmark::State& state) { body(state, engine); });
      if (body == memory) made->Iterations(1);
    }
  }
  return true;
}();

}  // namespace
}  // namespace weir::runtime
