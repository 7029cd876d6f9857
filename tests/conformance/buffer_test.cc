// Bodies and other buffers (ABI 0.2.1, "Buffers").

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

constexpr auto kBody = BufferType::RequestBody;

class BufferTest : public MachineTest {
 protected:
  BufferTest() { stream.body_of(Direction::Request) = FakeBuffer("abcdef"); }

  std::vector<std::string> reports_of_request_body() {
    request_body();
    return reports();
  }
  const std::string& body() { return stream.body_of(Direction::Request)->text(); }
};

TEST_P(BufferTest, ARangeIsClampedToWhatIsThere) {
  script.on("proxy_on_request_body")
      .call("proxy_get_buffer_bytes", kBody, 0, 6, out_value())
      .call("proxy_get_buffer_bytes", kBody, 2, 3, out_value())
      .call("proxy_get_buffer_bytes", kBody, 4, 100, out_value())
      .call("proxy_get_buffer_bytes", kBody, 0, 0xffffffff, out_value())
      .call("proxy_get_buffer_bytes", kBody, 5, 0xffffffff, out_value())
      .call("proxy_get_buffer_bytes", kBody, 6, 1, out_value())
      .call("proxy_get_buffer_bytes", kBody, 0xffffffff, 0xffffffff, out_value())
      .call("proxy_get_buffer_bytes", kBody, 0, 0, out_value())
      .call("proxy_get_buffer_status", kBody, out_word(), out32());
  EXPECT_THAT(
      reports_of_request_body(),
      ElementsAre("proxy_get_buffer_bytes: Ok \"abcdef\"", "proxy_get_buffer_bytes: Ok \"cde\"",
                  "proxy_get_buffer_bytes: Ok \"ef\"", "proxy_get_buffer_bytes: Ok \"abcdef\"",
                  "proxy_get_buffer_bytes: Ok \"f\"", "proxy_get_buffer_bytes: Ok null",
                  "proxy_get_buffer_bytes: Ok null", "proxy_get_buffer_bytes: Ok null",
                  "proxy_get_buffer_status: Ok 6 0"));
}

struct SetCase {
  uint32_t start;
  uint32_t size;
  std::string_view data;
  std::string_view result;
};

TEST_P(BufferTest, SetReplacesARange) {
  constexpr SetCase kCases[] = {
      {0, 0, "xy", "xyabcdef"},    // prepend
      {6, 0, "xy", "abcdefxy"},    // append
      {100, 0, "xy", "abcdefxy"},  // append, from far behind the end
      {0xffffffff, 9, "xy", "abcdefxy"},
      {0, 6, "xy", "xy"},  // replace all
      {0, 0xffffffff, "xy", "xy"},
      {2, 2, "xyz", "abxyzef"},         // replace some
      {2, 2, "", "abef"},               // remove some
      {4, 0xffffffff, "xy", "abcdxy"},  // replace the rest
      {0, 0xffffffff, "", ""},          // remove all
  };
  for (const SetCase& c : kCases) {
    start_over();
    stream.body_of(Direction::Request) = FakeBuffer("abcdef");
    script.on("proxy_on_request_body")
        .call("proxy_set_buffer_bytes", kBody, c.start, c.size, c.data);
    EXPECT_THAT(reports_of_request_body(), ElementsAre("proxy_set_buffer_bytes: Ok"));
    EXPECT_EQ(body(), c.result) << c.start << ", " << c.size;
  }
}

TEST_P(BufferTest, ABufferThatCannotGrowStaysAsItIs) {
  stream.body_of(Direction::Request)->set_limit(8);
  script.on("proxy_on_request_body")
      .call("proxy_set_buffer_bytes", kBody, 6, 0, "xyz")
      .call("proxy_set_buffer_bytes", kBody, 6, 0, "xy");
  EXPECT_THAT(reports_of_request_body(),
              ElementsAre("proxy_set_buffer_bytes: BadArgument", "proxy_set_buffer_bytes: Ok"));
  EXPECT_EQ(body(), "abcdefxy");
}

TEST_P(BufferTest, WhatIsNotThereIsNotFound) {
  auto& actions = script.on("proxy_on_request_body");
  for (BufferType type :
       {BufferType::ResponseBody, BufferType::DownstreamData, BufferType::UpstreamData,
        BufferType::CallResponseBody, BufferType::GrpcMessage, BufferType::CallData}) {
    actions.call("proxy_get_buffer_bytes", type, 0, 10, out_value())
        .call("proxy_get_buffer_status", type, out_word(), out32())
        .call("proxy_set_buffer_bytes", type, 0, 0, "x");
  }
  const auto lines = reports_of_request_body();
  ASSERT_EQ(lines.size(), 18u);
  for (size_t i = 0; i < lines.size(); i += 3) {
    EXPECT_EQ(lines[i], "proxy_get_buffer_bytes: NotFound -");
    EXPECT_EQ(lines[i + 1], "proxy_get_buffer_status: NotFound - -");
    EXPECT_EQ(lines[i + 2], "proxy_set_buffer_bytes: NotFound");
  }
}

TEST_P(BufferTest, AnUnknownBufferIsABadArgument) {
  script.on("proxy_on_request_body")
      .call("proxy_get_buffer_bytes", 9, 0, 10, out_value())
      .call("proxy_get_buffer_status", 9, out_word(), out32())
      .call("proxy_set_buffer_bytes", 0xffffffff, 0, 0, "x");
  EXPECT_THAT(reports_of_request_body(), ElementsAre("proxy_get_buffer_bytes: BadArgument -",
                                                     "proxy_get_buffer_status: BadArgument - -",
                                                     "proxy_set_buffer_bytes: BadArgument"));
}

TEST_P(BufferTest, AStreamReadsTheConfigurationsOfItsRoot) {
  options.vm.configuration = "vm";
  script.on("proxy_on_request_headers")
      .call("proxy_get_buffer_bytes", BufferType::VmConfiguration, 0, 10, out_value())
      .call("proxy_get_buffer_bytes", BufferType::PluginConfiguration, 0, 7, out_value());
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_get_buffer_bytes: Ok \"vm\"",
                                                        "proxy_get_buffer_bytes: Ok \"machine\""));
}

TEST_P(BufferTest, ALargeBodyArrivesWhole) {
  stream.body_of(Direction::Request) = FakeBuffer(std::string(300'000, 'x'));
  script.on("proxy_on_request_body")
      .call("proxy_get_buffer_bytes", kBody, 0, 0xffffffff, out_value());
  EXPECT_THAT(reports_of_request_body(), ElementsAre(::testing::EndsWith("\"... of 300000")));
}

INSTANTIATE_TEST_SUITE_P(Engines, BufferTest, ::testing::ValuesIn(loadable_engines()), engine_name);

}  // namespace
}  // namespace weir::test
