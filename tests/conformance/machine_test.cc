#include "conformance/machine_test.h"

#include <algorithm>
#include <cctype>

#include "conformance/machine/native_machine.h"

namespace weir::test {

std::string conformance_module(std::string_view name) {
  return read_module(std::string(WEIR_CONFORMANCE_MODULES "/").append(name).append(".wasm"));
}

runtime::PluginOptions machine_options(std::string_view engine, std::string_view module) {
  weir_register_native_plugin(&weir_native_machine);
  const bool native = capabilities_of(engine).native_code;
  return {.name = "machine",
          .vm = {.engine = std::string(adapter_of(engine)),
                 .code = native ? std::string(module) : conformance_module(module),
                 .isolation = isolation_of(engine),
                 .limits = {.call_time = kAmpleTime, .start_time = kAmpleTime},
                 .supply_limits = supplied_limits(engine)}};
}

std::string engine_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::vector<std::string> wasm_engines() {
  auto names = loadable_engines();
  std::erase(names, "null");
  return names;
}

MachineTest::~MachineTest() { start_over(); }

void MachineTest::start_over() {
  context.reset();
  network.reset();
  plugin.reset();
  worker.services.run();
  script = Script();
}

void MachineTest::start() {
  options.configuration = script.bytes();
  plugin = worker.start(host.load(options));
  host.journal.take();
  host.log.take();
}

void MachineTest::open() {
  if (!plugin) start();
  context = plugin->make_http_context(stream);
  host.journal.take();
}

void MachineTest::open_network() {
  if (!plugin) start();
  network = plugin->make_network_context(connection);
  host.journal.take();
}

HeadersAction MachineTest::request_headers(EndOfStream end) {
  if (!context) open();
  return context->on_headers(Direction::Request, end);
}

DataAction MachineTest::request_body(EndOfStream end) {
  if (!context) open();
  return context->on_body(Direction::Request, end);
}

HeadersAction MachineTest::response_headers(EndOfStream end) {
  if (!context) open();
  return context->on_headers(Direction::Response, end);
}

std::vector<std::string> MachineTest::reports() {
  constexpr std::string_view kIndent = "  ";
  std::vector<std::string> lines;
  for (const std::string& event : events()) {
    if (event.starts_with(kIndent)) lines.push_back(event.substr(kIndent.size()));
  }
  return lines;
}

std::vector<std::string> MachineTest::reports_of_request_headers() {
  request_headers();
  return reports();
}

}  // namespace weir::test
