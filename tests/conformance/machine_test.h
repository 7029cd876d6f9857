#pragma once
// What the conformance tests share: the machine, running on the engine that the test's parameter
// names, and one stream to drive it with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_streams.h"
#include "support/test_host.h"

namespace weir::test {

using abi::BufferType;
using abi::DataAction;
using abi::EndOfStream;
using abi::HeaderList;
using abi::HeadersAction;
using abi::MapType;
using abi::NetworkAction;
using abi::StreamType;
using abi::TrailersAction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

inline constexpr auto kRequest = MapType::RequestHeaders;
inline constexpr auto kStopAll = HeadersAction::StopAllIterationAndWatermark;

// A deadline for what never ends by itself. Other calls of the same plugin have to keep it, too, on
// a slow machine and with sanitizers.
inline constexpr Milliseconds kDeadline{100};

// The limits of plugins whose test does not want a deadline: nothing that is measured in time.
inline constexpr Milliseconds kAmpleTime{600'000};

// The machine (or another module of this folder) as a plugin on that engine, with ample time.
runtime::PluginOptions machine_options(std::string_view engine,
                                       std::string_view module = "machine");

// The bytes of a module of this folder.
std::string conformance_module(std::string_view name);

std::string engine_name(const ::testing::TestParamInfo<std::string>& info);

// The engines that run wasm.
std::vector<std::string> wasm_engines();

class MachineTest : public ::testing::TestWithParam<std::string> {
 protected:
  ~MachineTest() override;

  // Loads and starts the plugin with `script`; what it did until then is forgotten.
  void start();

  // Ends the plugin and forgets its script.
  void start_over();

  // Opens a stream on the started plugin.
  void open();
  void open_network();

  // All of these start the plugin and open a stream, where that is not done, and forget it.
  HeadersAction request_headers(EndOfStream end = EndOfStream::No);
  DataAction request_body(EndOfStream end = EndOfStream::No);
  HeadersAction response_headers(EndOfStream end = EndOfStream::No);

  // What happened since the last call of this or reports().
  std::vector<std::string> events() { return host.journal.take(); }

  // Of events(), the machine's reports of its own calls.
  std::vector<std::string> reports();

  // What the calls in proxy_on_request_headers came to.
  std::vector<std::string> reports_of_request_headers();

  // Whether each stream has an instance of its own: for tests of what streams do to each other.
  bool isolated() const { return options.vm.isolation == runtime::Isolation::Stream; }

  bool native() const { return capabilities_of(GetParam()).native_code; }

  TestHost host;
  TestWorker worker{host};
  Script script;
  runtime::PluginOptions options = machine_options(GetParam());
  FakeHttpStream stream{host.journal};
  FakeNetworkStream connection{host.journal};
  std::unique_ptr<runtime::WorkerPlugin> plugin;
  std::unique_ptr<runtime::HttpContext> context;
  std::unique_ptr<runtime::NetworkContext> network;
};

}  // namespace weir::test
