// What differs between the versions of the ABI.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class VersionTest : public MachineTest {
 protected:
  void use(std::string_view module) { options = machine_options(GetParam(), module); }
};

TEST_P(VersionTest, HeaderCallbacksOf010MayHaveTwoParameters) {
  stream.headers(MapType::RequestHeaders) = HeaderList{{"a", "1"}};
  use("machine_0_1_0_two");
  request_headers(EndOfStream::Yes);
  response_headers(EndOfStream::Yes);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_headers(2, 1)", "proxy_on_response_headers(2, 0)"));
}

TEST_P(VersionTest, HeaderCallbacksOf010MayHaveThreeParameters) {
  use("machine_0_1_0");
  request_headers(EndOfStream::Yes);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 1)"));
}

TEST_P(VersionTest, AMissingHeaderIsEmptyIn010) {
  stream.headers(MapType::RequestHeaders) = HeaderList{{"a", "1"}};
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", MapType::RequestHeaders, "missing", out_value())
      .call("proxy_get_header_map_value", MapType::ResponseTrailers, "a", out_value());
  use("machine_0_1_0");
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_get_header_map_value: Ok null",
                                                        "proxy_get_header_map_value: Ok null"));
  context.reset();
  plugin.reset();
  use("machine_0_2_0");
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_get_header_map_value: NotFound -",
                                                        "proxy_get_header_map_value: NotFound -"));
}

TEST_P(VersionTest, AStreamGoesOnByTheCallsOf010) {
  use("machine_0_1_0");
  script.on("proxy_on_request_headers")
      .call("proxy_continue_request")
      .call("proxy_continue_response")
      .call("proxy_clear_route_cache")
      .answer(1);
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_request_headers(2, 0, 0)", "  proxy_continue_request: Ok",
                          "  proxy_continue_response: Ok", "clear route cache",
                          "  proxy_clear_route_cache: Ok", "resume response"));
}

TEST_P(VersionTest, TheCallsOf010MayAnswerNothing) {
  use("void_0_1_0");
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_THAT(events(), ElementsAre("clear route cache", "resume response"));
}

TEST_P(VersionTest, TheConfigurationCallOf010ReadsWhatItsCallbackIsAbout) {
  use("machine_0_1_0");
  options.vm.configuration = "the VM's";
  script.on("proxy_on_vm_start").call("proxy_get_configuration", out_value());
  script.on("proxy_on_configure").call("proxy_get_configuration", out_value());
  options.configuration = script.bytes();
  plugin = worker.start(host.load(options));
  const auto lines = reports();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "proxy_get_configuration: Ok \"the VM's\"");
  EXPECT_THAT(lines[1], StartsWith("proxy_get_configuration: Ok \"machine:"));
}

TEST_P(VersionTest, EachVersionRuns) {
  for (std::string_view module : {"machine", "machine_0_2_0", "machine_0_1_0"}) {
    start_over();
    use(module);
    EXPECT_EQ(request_headers(), HeadersAction::Continue) << module;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, VersionTest, ::testing::ValuesIn(wasm_engines()), engine_name);

}  // namespace
}  // namespace weir::test
