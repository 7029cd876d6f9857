#include "engine/null_engine.h"

#include <gmock/gmock.h>

#include "engine/engine_test_support.h"
#include "engine/native_plugin.h"

// testdata/native_plugin.c, compiled in.
extern "C" const weir_native_plugin* test_plugin();

namespace weir::engine {
namespace {

using testing::AllOf;
using testing::HasSubstr;

enum PluginToken : uint32_t { kLog = 100, kAdd, kRefuseAll };

// The test plugin both ways: by the name it is registered under, and as a shared object.
class NullEngineTest : public testing::TestWithParam<std::string> {
 protected:
  NullEngineTest() { weir_register_native_plugin(test_plugin()); }

  std::unique_ptr<Guest> start() {
    auto compiled = engine_->compile(as_bytes(GetParam()), imports_.view());
    EXPECT_TRUE(compiled.ok()) << (compiled.ok() ? "" : compiled.error().message);
    module_ = std::move(compiled).value();
    auto guest = std::make_unique<Guest>(*module_, host);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return);
    return guest;
  }

  FakeHost host;

 private:
  std::unique_ptr<Engine> engine_ = make_null_engine();
  ImportList imports_{{"log", {{I32, I32}, {}}}, {"add", {{I64, I32}, {I64}}}, {"refuse", {}}};
  std::unique_ptr<const Module> module_;
};

INSTANTIATE_TEST_SUITE_P(Ways, NullEngineTest,
                         testing::Values("test_plugin", WEIR_NATIVE_TEST_PLUGIN),
                         [](const auto& way) {
                           return way.index == 0 ? "Registered" : "SharedObject";
                         });

TEST_P(NullEngineTest, TakesAddressesAsPointers) {
  std::string logged;
  host.answer(kLog, [&](Slots slots, Memory memory) {
    EXPECT_EQ(memory.word_bytes(), 8u);
    logged = as_text({memory.at(slots[0], slots[1]), slots[1]});
    return Flow::Return;
  });
  EXPECT_FALSE(start()->call("greet", {}).trapped());
  EXPECT_EQ(logged, "native");
}

TEST_P(NullEngineTest, PassesSlotsThrough) {
  host.answer(kAdd, [](Slots slots, Memory) {
    EXPECT_EQ(slots.size(), 2u);
    slots[0] += slots[1];
    return Flow::Return;
  });
  EXPECT_EQ(start()->call("sum", {{I64, I32}, {I64}}, {1ull << 40, 2}).value(), (1ull << 40) + 2);
}

TEST_P(NullEngineTest, TellsThatThePluginGaveUp) {
  const Trap trap = start()->trap_of("give_up", {});
  EXPECT_EQ(trap.kind, TrapKind::Unreachable);
  EXPECT_THAT(trap.to_line(), HasSubstr("give_up"));
}

TEST_P(NullEngineTest, EndsAPluginThatTheHostRefuses) {
  bool called_again = false;
  host.answer(kRefuseAll, [](Slots, Memory) { return Flow::Trap; });
  host.answer(kLog, [&](Slots, Memory) {
    called_again = true;
    return Flow::Return;
  });
  EXPECT_EQ(start()->trap_of("ignore_refusal", {}).kind, TrapKind::Host);
  EXPECT_FALSE(called_again);
}

TEST_P(NullEngineTest, BindsOnlyWhatIsExportedSo) {
  auto guest = start();
  const FuncType type{{I32}, {}};
  EXPECT_FALSE(guest->instance().bind_export("greet", type.view()).ok());
  EXPECT_FALSE(guest->instance().bind_export("missing", type.view()).ok());
}

TEST_P(NullEngineTest, TellsWhatAPluginImportsAndExports) {
  auto interface = native_interface(as_bytes(GetParam()));
  ASSERT_TRUE(interface.ok());
  ASSERT_EQ(interface.value().imports.size(), 3u);
  EXPECT_EQ(interface.value().imports[1].name, "add");
  EXPECT_EQ(to_string(interface.value().imports[1].type.view()), "(i64, i32) -> i64");
  EXPECT_NE(interface.value().find_export("give_up"), nullptr);
}

// Why `plugin` cannot be used.
Error refusal(const weir_native_plugin& plugin) {
  static weir_native_plugin wrong;  // what is registered stays so for the life of the process
  wrong = plugin;
  wrong.name = "wrong";
  weir_register_native_plugin(&wrong);
  auto interface = native_interface(as_bytes("wrong"));
  EXPECT_FALSE(interface.ok());
  return interface.ok() ? Error{} : interface.error();
}

TEST(NativePluginTest, IsRefusedWhereItsDescriptionIsWrong) {
  weir_native_plugin other_version = *test_plugin();
  other_version.version = 7;
  EXPECT_THAT(refusal(other_version).message, AllOf(HasSubstr("'wrong'"), HasSubstr("version 7")));

  weir_native_plugin incomplete = *test_plugin();
  incomplete.create = nullptr;
  EXPECT_THAT(refusal(incomplete).message, HasSubstr("create"));

  for (const char* signature :
       {"", "v", "i(x)", "i(i", "w()", "v(iiiiiiiiiiiiiiiiiiiiiiiiiiiiii)"}) {
    const weir_native_import import{"env", "odd", signature};
    weir_native_plugin malformed = *test_plugin();
    malformed.imports = &import;
    malformed.import_count = 1;
    EXPECT_THAT(refusal(malformed).message, HasSubstr("signature of import 'odd'")) << signature;
  }
}

TEST(NativePluginTest, IsNamedInTheErrorWhereThereIsNone) {
  weir_register_native_plugin(test_plugin());
  auto missing = native_interface(as_bytes("nobody"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_THAT(missing.error().message, AllOf(HasSubstr("'nobody'"), HasSubstr("test_plugin")));

  auto no_file = native_interface(as_bytes("./nobody.so"));
  ASSERT_FALSE(no_file.ok());
  EXPECT_THAT(no_file.error().message, HasSubstr("nobody.so"));
}

TEST(NativePluginTest, IsNamedNotGiven) {
  using namespace std::literals;
  for (const std::string_view code : {"\x7f"
                                      "ELF"sv,
                                      "\0asm\1\0\0\0/"sv, "./plugin.so\0"sv}) {
    const auto compiled = make_null_engine()->compile(as_bytes(code), {});
    ASSERT_FALSE(compiled.ok());
    EXPECT_THAT(compiled.error().message, HasSubstr("inline_string"));
  }
}

TEST(NativePluginTest, NeedsTheImportsItDeclares) {
  weir_register_native_plugin(test_plugin());
  auto compiled = make_null_engine()->compile(as_bytes("test_plugin"), {});
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.error().code, ErrorCode::LinkFailed);
}

}  // namespace
}  // namespace weir::engine
