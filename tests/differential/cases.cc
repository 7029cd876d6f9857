#include "differential/cases.h"

namespace weir::test {
namespace {

using abi::EndOfStream;

// An exchange without bodies, and one with bodies in pieces, bytes that are no text, and trailers.
void add_both(std::vector<Exchange>& exchanges, const std::string& path,
              std::vector<std::pair<std::string, std::string>> headers = {}) {
  exchanges.push_back({path, headers, {}, {}});
  exchanges.push_back({path,
                       std::move(headers),
                       {"one ", "", std::string("\0\xff", 2), std::string(5000, 'x'), "end"},
                       {{"x-multi", "trailer"}, {"x-remove", "trailer"}, {"x-set", "trailer"}}});
}

void add_calls(std::vector<Exchange>& exchanges, const std::string& path) {
  for (const char* upstream : {"auth", "bare", "broken", "silent", "unreachable", "unknown"}) {
    add_both(exchanges, path, {{"x-cluster", upstream}, {"x-timeout-ms", "3"}});
  }
}

Case http_all(const std::string& name, const std::string& guest) {
  Case test{name, guest, {.configuration = "tick_ms=50"}, {}};
  test.options.vm.environment = {{"GUEST_TEST", "value"}};
  for (const char* path : {"/other?q=1",
                           "/headers",
                           "/headers/all",
                           "/headers/binary",
                           "/body/rewrite",
                           "/body/append",
                           "/body/prepend",
                           "/body/pause",
                           "/body/replace-all",
                           "/trailers",
                           "/trailers/create",
                           "/local-response",
                           "/local-response/body",
                           "/local-response/response",
                           "/local-response/grpc",
                           "/reset",
                           "/shared-data",
                           "/metrics",
                           "/queue?item",
                           "/queue/last",
                           "/tick",
                           "/pause-until-tick",
                           "/properties",
                           "/set-property",
                           "/foreign",
                           "/environment",
                           "/log",
                           "/lifecycle",
                           "/lifecycle/last"}) {
    add_both(test.exchanges, path);
  }
  for (const char* path :
       {"/http-call", "/http-call/body", "/http-call/response", "/http-call/forget"}) {
    add_calls(test.exchanges, path);
  }
  add_both(test.exchanges, "/http-call/parallel", {{"x-cluster", "auth"}});
  add_both(test.exchanges, "/headers/binary", {{"x-in", std::string("\0\xfe text", 7)}});
  return test;
}

Case grpc_all() {
  Case test{"grpc_all", "grpc_all", {}, {}};
  for (const char* path : {"/unary", "/continue", "/cancel", "/stream", "/stream/cancel"}) {
    for (const char* upstream : {"echo", "auth", "broken", "silent", "unreachable", "unknown"}) {
      add_both(test.exchanges, path,
               {{"x-cluster", upstream}, {"x-message", "hello"}, {"x-timeout-ms", "3"}});
    }
  }
  return test;
}

Case faults(const std::string& name, const std::vector<std::string>& faults) {
  Case test{name, "faults", {}, {}};
  test.options.vm.limits = {
      .max_memory_bytes = 8 << 20, .max_shared_data_bytes = 2 << 20, .max_queue_bytes = 2 << 20};
  for (const std::string& fault : faults) {
    for (const char* moment : {"", "/response", "/body", "/log"}) {
      test.exchanges.push_back({"/" + fault + moment, {}, {"body"}, {}});
    }
    test.exchanges.push_back({"/nothing", {}, {}, {}});
  }
  return test;
}

Case cpp_http() {
  Case test{"cpp_http", "cpp_http", {}, {}};
  for (const char* path : {"/headers", "/body", "/end-stream", "/local-response"}) {
    add_both(test.exchanges, path);
  }
  add_calls(test.exchanges, "/http-call");
  return test;
}

Case go_http() {
  Case test{"go_http", "go_http", {.root_id = "root", .configuration = "configured"}, {}};
  for (const char* path : {"/headers", "/body", "/local-response", "/shared-data", "/properties",
                           "/panic", "/shared-data"}) {
    add_both(test.exchanges, path);
  }
  add_calls(test.exchanges, "/http-call");
  return test;
}

// What Go makes of functions, in so little code that every compiler is done with it at once.
Case go_shape() {
  Case test{"go_shape", "go_shape", {}, {}};
  for (const char* path : {"/", "/a", "/a/path890", "/a/path of 15"}) {
    add_both(test.exchanges, path);
  }
  return test;
}

Case tcp_all(const std::string& name, const std::string& guest, const std::string& scenario) {
  using enum Direction;
  constexpr auto kEnd = EndOfStream::Yes;
  Case test{name, guest, {.configuration = scenario}, {}};
  test.connections = {
      {{}},
      {{{Request, "one\ntw"}, {Response, std::string("\0\xff", 2)}, {Request, "o\n"}}},
      {{{Request, std::string(5000, 'x')}, {Request, "", kEnd}, {Response, "late", kEnd}}},
      {{{Response, "first"}, {Request, "close-downstream"}, {Request, "more"}}},
      {{{Request, "close-upstream"}, {Response, "more"}}},
      {{{Request, "panic"}, {Request, "more"}}},
      {{{Response, "after", kEnd}, {Request, "last", kEnd}}}};
  return test;
}

Case as_http() {
  Case test{"as_http", "as_http", {.root_id = "as_http"}, {}};
  for (const char* path : {"/", "/local-response"}) add_both(test.exchanges, path);
  return test;
}

Case header_v1() {
  Case test{"header_v1", "header_v1", {}, {}};
  add_both(test.exchanges, "/", {{"x-ask", "question"}});
  for (const char* path : {"/", "/deny"}) add_both(test.exchanges, path);
  return test;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      http_all("http_all", "http_all"),
      http_all("http_all_malloc", "http_all_malloc"),
      http_all("cpp_sdk_http_all", "cpp_sdk/http_all"),
      grpc_all(),
      faults("faults", {"panic", "exit", "wild-read", "wild-log", "wild-out", "huge-map",
                        "flood-shared-data", "flood-queue"}),
      faults("exhausted_memory", {"memory"}),
      faults("endless_recursion", {"recursion"}),
      header_v1(),
      cpp_http(),
      go_http(),
      go_shape(),
      as_http(),
      tcp_all("tcp_all", "tcp_all", "lines"),
      tcp_all("tcp_all_auth", "tcp_all", "auth"),
      tcp_all("tcp_all_commands", "tcp_all", "commands"),
      tcp_all("cpp_sdk_tcp_all", "cpp_sdk/tcp_all", "lines"),
      tcp_all("cpp_sdk_tcp_all_auth", "cpp_sdk/tcp_all", "auth"),
      tcp_all("cpp_sdk_tcp_all_commands", "cpp_sdk/tcp_all", "commands")};
  return all;
}

std::filesystem::path Case::file() const {
  const std::filesystem::path own =
      std::filesystem::path(WEIR_DIFFERENTIAL_MODULES) / (guest + ".wasm");
  return std::filesystem::exists(own) ? own
                                      : std::filesystem::path(WEIR_GUESTS) / (guest + ".wasm");
}

std::string left_out(const Case& test, const Contender& contender, runtime::Isolation isolation) {
  // WAMR's compilers by LLVM take ten seconds for an image of a Rust plugin.
  constexpr uintmax_t kLargeImageBytes = 64'000;
  if (!contender.name.starts_with("wamr_") || isolation != runtime::Isolation::Stream) return {};
  const uintmax_t bytes = std::filesystem::file_size(test.file());
  if (bytes < kLargeImageBytes) return {};
  return contender.name + " compiles the image of " + test.name + ", of " + std::to_string(bytes) +
         " bytes, too slowly for a test";
}

std::vector<std::string> run(const Case& test, const Contender& contender,
                             runtime::Isolation isolation, Calls calls) {
  runtime::PluginOptions options = test.options;
  options.name = test.name;
  options.vm.isolation = isolation;
  options.vm.code = read_module(test.file().string());
  // No engine is so slow that time decides.
  options.vm.limits.call_time = options.vm.limits.start_time = Milliseconds(600'000);

  Transcript transcript;
  {
    PluginRun plugin(contender, test::code_cache(), std::move(options), transcript, calls);
    for (const Exchange& exchange : test.exchanges) plugin.exchange(exchange);
    for (const Connection& connection : test.connections) plugin.connection(connection);
  }
  return transcript.lines();
}

}  // namespace weir::test
