// Exceptions that a guest keeps take the engine's memory, not the guest's own: it has bounds, too.

#include <iterator>

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

using KeptExceptionTest = MachineTest;

// Translated beforehand, since wabt does not know it:
//   (tag $thrown (param exnref i64 i64 i64 i64))
//   (global $list (mut exnref) (ref.null exn))
//   (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
//     (loop $again
//       (global.set $list
//         (block $caught (result exnref)
//           (try_table (catch_all_ref $caught)
//             global.get $list i64.const 1 i64.const 2 i64.const 3 i64.const 4 throw $thrown)
//           unreachable))
//       br $again)
//     i32.const 0)
constexpr uint8_t kList[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x18, 0x04, 0x60, 0x00, 0x00, 0x60,
    0x01, 0x7f, 0x01, 0x7f, 0x60, 0x05, 0x69, 0x7e, 0x7e, 0x7e, 0x7e, 0x00, 0x60, 0x03, 0x7f,
    0x7f, 0x7f, 0x01, 0x7f, 0x03, 0x04, 0x03, 0x00, 0x01, 0x03, 0x05, 0x03, 0x01, 0x00, 0x01,
    0x0d, 0x03, 0x01, 0x00, 0x02, 0x06, 0x06, 0x01, 0x69, 0x01, 0xd0, 0x69, 0x0b, 0x07, 0x48,
    0x04, 0x17, 0x70, 0x72, 0x6f, 0x78, 0x79, 0x5f, 0x61, 0x62, 0x69, 0x5f, 0x76, 0x65, 0x72,
    0x73, 0x69, 0x6f, 0x6e, 0x5f, 0x30, 0x5f, 0x32, 0x5f, 0x31, 0x00, 0x00, 0x06, 0x6d, 0x61,
    0x6c, 0x6c, 0x6f, 0x63, 0x00, 0x01, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00,
    0x18, 0x70, 0x72, 0x6f, 0x78, 0x79, 0x5f, 0x6f, 0x6e, 0x5f, 0x72, 0x65, 0x71, 0x75, 0x65,
    0x73, 0x74, 0x5f, 0x68, 0x65, 0x61, 0x64, 0x65, 0x72, 0x73, 0x00, 0x02, 0x0a, 0x2c, 0x03,
    0x02, 0x00, 0x0b, 0x05, 0x00, 0x41, 0x80, 0x08, 0x0b, 0x21, 0x00, 0x03, 0x40, 0x02, 0x69,
    0x1f, 0x40, 0x01, 0x03, 0x00, 0x23, 0x00, 0x42, 0x01, 0x42, 0x02, 0x42, 0x03, 0x42, 0x04,
    0x08, 0x00, 0x0b, 0x00, 0x0b, 0x24, 0x00, 0x0c, 0x00, 0x0b, 0x41, 0x00, 0x0b};

// Engines that have no exceptions refuse the module, whose words FeatureTest looks at.
TEST_P(KeptExceptionTest, ThatFillTheEnginesHeapEndTheirInstanceAlone) {
  options = machine_options(GetParam(), "feature_kept_exceptions");
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

// Those of the standard form may lie in globals, one in the other.
TEST_P(KeptExceptionTest, ThatAListHoldsEndTheirInstance) {
  options.vm.code.assign(std::begin(kList), std::end(kList));
  options.vm.limits.max_memory_bytes = 8 << 20;
  if (!capabilities_of(GetParam()).exceptions) {
    EXPECT_THAT(host.refusal(options), HasSubstr("exceptions, which engine"));
    return;
  }
  for (uint64_t failed = 1; failed <= 2; ++failed) {
    context.reset();
    EXPECT_EQ(request_headers(), kStopAll);
    EXPECT_EQ(host.counter("wasm.machine.failed.no_resources"), failed);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, KeptExceptionTest, ::testing::ValuesIn(wasm_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
