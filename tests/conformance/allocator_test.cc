// The guest's allocator, which hostcalls run to hand over values: well-behaved, unwilling, hostile.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class AllocatorTest : public MachineTest {
 protected:
  AllocatorTest() { stream.headers(kRequest) = HeaderList{{"a", "value"}}; }

  // The value of a header, got with that allocator.
  std::vector<std::string> value_with(Allocator allocator) {
    script.on("proxy_on_request_headers")
        .allocator(allocator)
        .call("proxy_get_header_map_value", kRequest, "a", out_value());
    return reports_of_request_headers();
  }
};

// malloc, which the machine exports too, would tell.
TEST_P(AllocatorTest, TheSpecificationsIsPreferredToMalloc) {
  EXPECT_THAT(value_with(Allocator::Allocates),
              ElementsAre("proxy_get_header_map_value: Ok \"value\""));
}

TEST_P(AllocatorTest, NothingIsAllocatedForAnEmptyValue) {
  stream.headers(kRequest) = HeaderList{{"a", ""}};
  EXPECT_THAT(value_with(Allocator::Traps), ElementsAre("proxy_get_header_map_value: Ok null"));
}

TEST_P(AllocatorTest, AGuestWithoutRoomIsToldSo) {
  EXPECT_THAT(value_with(Allocator::AnswersNull),
              ElementsAre("proxy_get_header_map_value: InternalFailure -"));
}

TEST_P(AllocatorTest, AnAddressOutsideIsRefused) {
  if (native()) GTEST_SKIP() << "a native plugin's memory is the whole address space";
  EXPECT_THAT(value_with(Allocator::AnswersOutside),
              ElementsAre("proxy_get_header_map_value: InvalidMemoryAccess -"));
  EXPECT_TRUE(host.log.has("the module's allocator gave an address outside its memory"));
}

TEST_P(AllocatorTest, MemoryMayGrowWhileItAllocates) {
  EXPECT_THAT(value_with(Allocator::GrowsFirst),
              ElementsAre("proxy_get_header_map_value: Ok \"value\""));
}

TEST_P(AllocatorTest, ItMayLog) {
  EXPECT_THAT(value_with(Allocator::Logs),
              ElementsAre("the allocator logs", "proxy_get_header_map_value: Ok \"value\""));
}

TEST_P(AllocatorTest, ATrapInItEndsTheInstance) {
  value_with(Allocator::Traps);
  EXPECT_EQ(host.counter("wasm.machine.failed.unreachable"), 1u);
  EXPECT_TRUE(host.log.has("proxy_on_request_headers: unreachable"));
}

TEST_P(AllocatorTest, CallsThatNeedAContextTrapInIt) {
  value_with(Allocator::CallsOutOfTurn);
  EXPECT_TRUE(host.log.has("'proxy_set_effective_context' was called by the module's allocator"));
  EXPECT_EQ(host.counter("wasm.machine.failed.host"), 1u);
}

// The deadline is that of the call which is under way.
TEST_P(AllocatorTest, AnEndlessOneIsStopped) {
  if (!capabilities_of(GetParam()).interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  options.vm.limits.call_time = kDeadline;
  value_with(Allocator::Loops);
  EXPECT_EQ(host.counter("wasm.machine.failed.deadline"), 1u);
}

// Every hostcall that hands over a value goes the same way.
TEST_P(AllocatorTest, EveryValueNeedsRoom) {
  stream.body_of(Direction::Request) = FakeBuffer("body");
  script.on("proxy_on_request_body")
      .call("proxy_set_shared_data", "key", "value", 0)
      .call("proxy_register_shared_queue", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "item")
      .allocator(Allocator::AnswersNull)
      .call("proxy_get_buffer_bytes", BufferType::RequestBody, 0, 4, out_value())
      .call("proxy_get_header_map_pairs", kRequest, out_value())
      .call("proxy_get_shared_data", "key", out_value(), out32_to(2))
      .call("proxy_dequeue_shared_queue", in_register(1), out_value())
      .call("proxy_get_property", "plugin_name", out_value())
      .call("proxy_get_configuration", out_value());
  request_body();
  const auto lines = reports();
  ASSERT_EQ(lines.size(), 9u);
  for (size_t i = 3; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], HasSubstr(": InternalFailure -"));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, AllocatorTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
