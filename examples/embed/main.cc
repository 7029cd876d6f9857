// The smallest proxy there is: no sockets, one request with one response, and a plugin that sees
// both.
//
//   embed PLUGIN.wasm [CONFIGURATION]

#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>

#include "engine/engines.h"
#include "runtime/host.h"
#include "runtime/metrics.h"
#include "runtime/worker.h"

using namespace weir;

namespace {

class StderrLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Info; }
  void write(LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// A worker's event loop. This one has no upstreams and lets no time pass: a proxy has its own.
class Loop final : public runtime::WorkerServices, private runtime::Upstreams {
 public:
  Upstreams& upstreams() override { return *this; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()>) override {
    return std::make_unique<NoTimer>();
  }
  // Only this thread posts here; a proxy's loop takes tasks from any.
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }

  void run() {
    for (; !tasks_.empty(); tasks_.pop_front()) tasks_.front()();
  }

 private:
  class NoTimer final : public runtime::Timer {
    void start(Milliseconds) override {}
    void stop() override {}
  };

  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view, const abi::HeaderList&, abi::EndOfStream, runtime::Protocol,
      runtime::UpstreamObserver&) override {
    return runtime::OpenError::UnknownUpstream;
  }

  std::deque<std::function<void()>> tasks_;
};

// What the plugin may see and do of the one request.
class Stream final : public runtime::HttpStream {
 public:
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override {
    if (attribute == runtime::Attribute::RequestProtocol) return std::string_view("HTTP/1.1");
    return {};
  }
  runtime::FilterState& filter_state() override { return filter_state_; }

  abi::HeaderMap* header_map(abi::MapType type) override {
    if (type == abi::MapType::RequestHeaders) return &request;
    if (type == abi::MapType::ResponseHeaders) return &response;
    return nullptr;
  }
  abi::Buffer* body(runtime::Direction) override { return nullptr; }

  void resume(runtime::Direction) override {}
  bool send_local_response(const runtime::LocalResponse& local) override {
    std::printf("the plugin answers %u itself\n", local.status_code);
    return true;
  }
  void reset() override { std::puts("the plugin closes the stream"); }
  void fail(std::string_view reason) override {
    std::printf("failed: %.*s\n", static_cast<int>(reason.size()), reason.data());
  }
  void clear_route_cache() override {}
  void finished() override {}

  abi::HeaderList request{{":method", "GET"}, {":path", "/hello"}, {":authority", "example.com"}};
  abi::HeaderList response{{":status", "200"}};

 private:
  runtime::FilterState filter_state_;
};

void print(const char* title, const abi::HeaderList& headers) {
  std::puts(title);
  headers.for_each([](std::string_view name, std::string_view value) {
    std::printf("  %.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
                static_cast<int>(value.size()), value.data());
  });
}

int fail(const Error& error) {
  std::fprintf(stderr, "embed: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: embed PLUGIN.wasm [CONFIGURATION]\n", stderr);
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  runtime::PluginOptions options;
  options.name = argv[1];
  options.vm.code.assign(std::istreambuf_iterator<char>(file), {});
  if (argc > 2) options.configuration = argv[2];

  // One of each in a process.
  StderrLogger logger;
  const SystemClock clock;
  runtime::MetricStore metrics;
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  runtime::Host host({engines, nullptr, clock, logger, metrics});
  auto plugin = host.load(std::move(options));
  if (!plugin.ok()) return fail(plugin.error());

  // One of each on every thread.
  Loop loop;
  runtime::Worker worker(host, loop);
  auto running = worker.start(plugin.value());
  if (!running.ok()) return fail(running.error());

  // For every request: a stream of the proxy's, and the plugin's view of it.
  Stream stream;
  auto context = running.value()->make_http_context(stream);
  context->on_headers(runtime::Direction::Request, abi::EndOfStream::Yes);
  print("request:", stream.request);
  context->on_headers(runtime::Direction::Response, abi::EndOfStream::Yes);
  print("response:", stream.response);
  context->finish();
  context.reset();

  running.value().reset();
  loop.run();
  return 0;
}
