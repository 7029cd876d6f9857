// Fuzzes the hostcalls: a guest that calls any of them with any arguments, writes anything into its
// memory, and whose allocator fails, lies and moves memory. The input is a list of such steps.

#include <cstddef>
#include <cstdint>

#include "abi/fuzz_context.h"
#include "abi/fuzz_engine.h"
#include "abi/guest.h"
#include "base/check.h"

namespace {

using namespace weir;
using namespace weir::abi;
using engine::Flow;
using fuzz::FuzzInstance;

class Input {
 public:
  Input(const uint8_t* data, size_t size) : left_(data, size) {}

  bool empty() const { return left_.empty(); }
  uint8_t byte() {
    if (left_.empty()) return 0;
    const uint8_t value = left_.front();
    left_ = left_.subspan(1);
    return value;
  }
  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value |= uint64_t{byte()} << (8 * i);
    return value;
  }
  std::span<const uint8_t> take(size_t size) {
    const auto taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> left_;
};

// One argument: a small number, an address inside or at the end of memory, or anything.
uint64_t argument(Input& input, FuzzInstance& guest) {
  const uint8_t kind = input.byte();
  if (kind < 0x80) return kind;
  switch (kind % 4) {
    case 0:
      return input.number(2) % guest.bytes().size();
    case 1:
      return guest.bytes().size() - input.byte();
    case 2:
      return input.number(4);
    default:
      return input.number(8);
  }
}

Flow call_host(Input& input, FuzzInstance& guest) {
  const uint8_t import = input.byte();
  std::array<uint64_t, engine::kMaxSlots> slots{};
  const size_t count = input.byte() % 13;
  for (size_t i = 0; i < count; ++i) slots[i] = argument(input, guest);
  return guest.call_host(import, slots);
}

void write_memory(Input& input, FuzzInstance& guest) {
  const size_t at = input.number(2) % guest.bytes().size();
  const auto bytes = input.take(std::min<size_t>(input.byte(), guest.bytes().size() - at));
  std::ranges::copy(std::as_bytes(bytes), guest.bytes().begin() + static_cast<ptrdiff_t>(at));
}

Flow run(Input& input, FuzzInstance& guest) {
  while (!input.empty()) {
    if (input.byte() % 3 == 0) {
      write_memory(input, guest);
    } else if (call_host(input, guest) == Flow::Trap) {
      return Flow::Trap;
    }
  }
  return Flow::Return;
}

Flow allocate(Input& input, FuzzInstance& guest, uint64_t size, uint64_t& address) {
  guest.move_memory(input.byte() % 2 * size);
  switch (input.byte() % 8) {
    case 0:
      address = 0;
      return Flow::Return;
    case 1:
      address = input.number(4);
      return Flow::Return;
    case 2:
      return Flow::Trap;
    case 3: {
      // Calls out itself, as far as an allocator may.
      const Flow flow = call_host(input, guest);
      address = 1024;
      return flow;
    }
    default:
      address = size <= guest.bytes().size() ? guest.bytes().size() - size : 0;
      return Flow::Return;
  }
}

// The module does not depend on the input: it is linked once.
struct Fixture {
  fuzz::FuzzEngine engine;
  std::unique_ptr<const LinkedModule> module;

  Fixture() {
    auto linked =
        LinkedModule::make(engine, nullptr, fuzz::ModuleWriter::module_with_all_imports(), {});
    WEIR_CHECK(linked.ok());
    module = std::move(linked).value();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Fixture fixture;
  Input input(data, size);
  fixture.engine.behaviour.in_callback = [&](FuzzInstance& guest) { return run(input, guest); };
  fixture.engine.behaviour.in_allocator = [&](FuzzInstance& guest, uint64_t bytes,
                                              uint64_t& address) {
    return allocate(input, guest, bytes, address);
  };
  fuzz::FuzzVm vm;
  auto guest = Guest::make(*fixture.module, vm);
  WEIR_CHECK(guest.ok() && guest.value()->start() == Flow::Return);
  CallbackParams params;
  static_cast<void>(
      guest.value()->call(Callback::OnRequestHeaders, ContextId{2}, vm.context, params));
  return 0;
}
