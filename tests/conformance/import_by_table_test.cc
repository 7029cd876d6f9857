// Imports that a guest calls by a table: they come back, trap and end as those that it calls by
// name, and what engines note of them on the way is no matter to what comes then.

#include <algorithm>

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class ImportByTableTest : public MachineTest {
 protected:
  ImportByTableTest() { options = machine_options(GetParam(), "imports_by_table"); }

  // How often the plugin has logged "called" since the last call of this.
  size_t calls() {
    const auto lines = host.log.take();
    return static_cast<size_t>(std::ranges::count_if(
        lines, [](const auto& line) { return line.text == "wasm [machine]: called"; }));
  }

  uint64_t failures(std::string_view kind) {
    return host.counter("wasm.machine.failed." + std::string(kind));
  }

  // The instance is lost with the stream; the next one has another.
  void expect_to_go_on() {
    FakeHttpStream other(host.journal);
    auto its_context = plugin->make_http_context(other);
    host.log.take();
    EXPECT_EQ(its_context->on_headers(Direction::Request, EndOfStream::No),
              HeadersAction::Continue);
    // The allocator logs, too: once for each of two properties.
    EXPECT_EQ(calls(), 24u);
  }
};

TEST_P(ImportByTableTest, ComeBack) {
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_EQ(calls(), 24u);
}

TEST_P(ImportByTableTest, ATrapAfterThemIsThatTrap) {
  open();
  calls();
  context->on_body(Direction::Request, EndOfStream::No);
  EXPECT_EQ(calls(), 6u);
  EXPECT_EQ(failures("unreachable"), 1u);
  expect_to_go_on();
}

TEST_P(ImportByTableTest, OneThatEndsTheInstanceDoesSo) {
  open();
  context->on_headers(Direction::Response, EndOfStream::No);
  EXPECT_EQ(failures("proc_exit"), 1u);
  expect_to_go_on();
}

TEST_P(ImportByTableTest, EndlessRecursionAmongThemIsATrap) {
  if (!capabilities_of(GetParam()).stack_limit) {
    GTEST_SKIP() << GetParam() << " has no stack limit";
  }
  open();
  context->on_body(Direction::Response, EndOfStream::No);
  EXPECT_EQ(failures("stack_overflow"), 1u);
  expect_to_go_on();
}

TEST_P(ImportByTableTest, ACallbackThatCallsThemForEverIsStopped) {
  if (!capabilities_of(GetParam()).interrupt) {
    GTEST_SKIP() << GetParam() << " has no interrupt";
  }
  options.vm.limits.call_time = kDeadline;
  open();
  context->on_trailers(Direction::Response);
  EXPECT_EQ(failures("deadline"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Engines, ImportByTableTest, ::testing::ValuesIn(wasm_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
