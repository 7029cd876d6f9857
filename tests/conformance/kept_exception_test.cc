// Exceptions that a guest keeps take the engine's memory, not the guest's own: it has bounds, too.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

using KeptExceptionTest = MachineTest;

// Engines that have no exceptions refuse the module, whose words FeatureTest looks at.
TEST_P(KeptExceptionTest, ThatFillTheEnginesHeapEndTheirInstanceAlone) {
  options = machine_options(GetParam(), "feature_kept_exceptions");
  options.vm.limits.call_time = Milliseconds(60'000);
  if (!capabilities_of(GetParam()).legacy_exceptions) {
    EXPECT_THAT(host.refusal(options), HasSubstr("exceptions in their older form"));
    return;
  }

  auto beside = worker.start(host.load(machine_options(GetParam())));
  const auto goes_on = [&] {
    FakeHttpStream other(host.journal);
    auto its_context = beside->make_http_context(other);
    return its_context->on_headers(Direction::Request, EndOfStream::No) == HeadersAction::Continue;
  };
  ASSERT_TRUE(goes_on());

  start();
  for (uint64_t failed = 1; failed <= 2; ++failed) {
    FakeHttpStream own(host.journal);
    auto its_context = plugin->make_http_context(own);
    EXPECT_EQ(its_context->on_headers(Direction::Request, EndOfStream::No), kStopAll);
    EXPECT_EQ(host.counter("wasm.machine.failed.no_resources"), failed);
    EXPECT_TRUE(goes_on());
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, KeptExceptionTest, ::testing::ValuesIn(wasm_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
