// The callback for foreign functions that answer later (ABI 0.2.0, "Foreign function interface"),
// which whoever embeds the host calls.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

using namespace std::string_literals;

constexpr uint32_t kFunction = 0xfffffff0;  // the embedder's choice, whatever it is

class ForeignFunctionTest : public MachineTest {};

TEST_P(ForeignFunctionTest, TheRootContextIsCalledBackWithArguments) {
  script.on("proxy_on_foreign_function")
      .call("proxy_get_buffer_status", BufferType::CallData, out_word(), out32())
      .call("proxy_get_buffer_bytes", BufferType::CallData, 0, 100, out_value())
      .call("proxy_set_buffer_bytes", BufferType::CallData, 0, 1, "x")
      .call("proxy_get_buffer_bytes", BufferType::CallResponseBody, 0, 100, out_value());
  start();
  plugin->on_foreign_function(kFunction, "three\0\xff"s);
  EXPECT_THAT(events(), ElementsAre("proxy_on_foreign_function(1, 4294967280, 7)",
                                    "  proxy_get_buffer_status: Ok 7 0",
                                    "  proxy_get_buffer_bytes: Ok \"three\\x00\\xff\"",
                                    "  proxy_set_buffer_bytes: BadArgument",
                                    "  proxy_get_buffer_bytes: NotFound -"));
}

TEST_P(ForeignFunctionTest, ArgumentsMayBeEmptyAndAreGoneAfterwards) {
  script.on("proxy_on_foreign_function")
      .call("proxy_get_buffer_bytes", BufferType::CallData, 0, 100, out_value());
  script.on("proxy_on_request_headers")
      .call("proxy_get_buffer_bytes", BufferType::CallData, 0, 100, out_value());
  start();
  plugin->on_foreign_function(1, "");
  EXPECT_THAT(events(), ElementsAre("proxy_on_foreign_function(1, 1, 0)",
                                    "  proxy_get_buffer_bytes: Ok null"));
  request_headers();
  EXPECT_THAT(reports(), ElementsAre("proxy_get_buffer_bytes: NotFound -"));
}

// The stream belongs to another context: the callback is the root's, and may take its place.
TEST_P(ForeignFunctionTest, TheCallbackMayGoOnWithAStream) {
  if (isolated()) GTEST_SKIP() << "the root has no stream in its instance";
  script.on("proxy_on_request_headers").answer(static_cast<uint32_t>(kStopAll));
  script.on("proxy_on_foreign_function")
      .call("proxy_set_effective_context", 2)
      .call("proxy_continue_stream", StreamType::Request);
  EXPECT_EQ(request_headers(), kStopAll);
  events();
  plugin->on_foreign_function(7, "answer");
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_foreign_function(1, 7, 6)", "  proxy_set_effective_context: Ok",
                          "  proxy_continue_stream: Ok", "resume request"));
}

TEST_P(ForeignFunctionTest, AFailedPluginIsStartedAgainForIt) {
  script.on("proxy_on_request_headers").trap();
  start();
  request_headers();
  EXPECT_FALSE(plugin->status().running);
  events();
  plugin->on_foreign_function(1, "");
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_foreign_function(1, 1, 0)"));
}

INSTANTIATE_TEST_SUITE_P(Engines, ForeignFunctionTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
