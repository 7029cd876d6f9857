// Metrics (ABI 0.2.1, "Metrics").

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

using abi::MetricType;

class MetricTest : public MachineTest {};

TEST_P(MetricTest, ACounterOnlyGrows) {
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Counter, "c", out32_to(1))
      .call("proxy_increment_metric", in_register(1), 5)
      .call("proxy_increment_metric", in_register(1), 0)
      .call("proxy_increment_metric", in_register(1), -1)
      .call("proxy_get_metric", in_register(1), out64())
      .call("proxy_record_metric", in_register(1), 100)
      .call("proxy_get_metric", in_register(1), out64());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_define_metric: Ok *", "proxy_increment_metric: Ok",
                  "proxy_increment_metric: Ok", "proxy_increment_metric: BadArgument",
                  "proxy_get_metric: Ok 5", "proxy_record_metric: Ok", "proxy_get_metric: Ok 100"));
}

TEST_P(MetricTest, AGaugeGoesUpAndDown) {
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Gauge, "g", out32_to(1))
      .call("proxy_record_metric", in_register(1), uint64_t{1} << 40)
      .call("proxy_increment_metric", in_register(1), 3)
      .call("proxy_increment_metric", in_register(1), -4)
      .call("proxy_get_metric", in_register(1), out64());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_define_metric: Ok *", "proxy_record_metric: Ok",
                          "proxy_increment_metric: Ok", "proxy_increment_metric: Ok",
                          "proxy_get_metric: Ok 1099511627775"));
}

TEST_P(MetricTest, AHistogramIsRecordedAndNotRead) {
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Histogram, "h", out32_to(1))
      .call("proxy_record_metric", in_register(1), 7)
      .call("proxy_record_metric", in_register(1), 9)
      .call("proxy_increment_metric", in_register(1), 1)
      .call("proxy_get_metric", in_register(1), out64());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_define_metric: Ok *", "proxy_record_metric: Ok", "proxy_record_metric: Ok",
                  "proxy_increment_metric: BadArgument", "proxy_get_metric: BadArgument -"));
  EXPECT_THAT(host.metrics.to_text(), HasSubstr("wasmcustom.h: 2 sum=16\n"));
}

TEST_P(MetricTest, ANameHasOneTypeAndOneId) {
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Counter, "same", out32())
      .call("proxy_define_metric", MetricType::Counter, "same", out32())
      .call("proxy_define_metric", MetricType::Gauge, "same", out32())
      .call("proxy_define_metric", MetricType::Counter, "other", out32())
      .call("proxy_define_metric", 3, "name", out32())
      .call("proxy_define_metric", 0xffffffff, "name", out32());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_define_metric: Ok 0", "proxy_define_metric: Ok 0",
                  "proxy_define_metric: BadArgument -", "proxy_define_metric: Ok 4",
                  "proxy_define_metric: BadArgument -", "proxy_define_metric: BadArgument -"));
}

TEST_P(MetricTest, UnknownIdsAreNotFound) {
  auto& actions = script.on("proxy_on_request_headers");
  actions.call("proxy_define_metric", MetricType::Counter, "c", out32());
  // Not defined, and the id of the counter with the type bits of another.
  for (uint32_t id : {4u, 1u, 2u, 3u, 0xffffffffu}) {
    actions.call("proxy_increment_metric", id, 1)
        .call("proxy_record_metric", id, 1)
        .call("proxy_get_metric", id, out64());
  }
  auto lines = reports_of_request_headers();
  lines.erase(lines.begin());
  EXPECT_THAT(lines,
              ::testing::AllOf(::testing::SizeIs(15), ::testing::Each(HasSubstr(": NotFound"))));
}

TEST_P(MetricTest, AMetricIsSharedByNameAndOutlivesItsPlugin) {
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Counter, "requests", out32_to(1))
      .call("proxy_increment_metric", in_register(1), 1);
  for (int i = 0; i < 3; ++i) {
    request_headers();
    context.reset();
    plugin.reset();
  }
  EXPECT_EQ(host.counter("wasmcustom.requests"), 3u);
}

INSTANTIATE_TEST_SUITE_P(Engines, MetricTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test
