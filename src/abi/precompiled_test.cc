// Compiled code inside a plugin's file: what of it runs, and why not.

#include "abi/precompiled.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/linked_module.h"
#include "engine/engine_test_support.h"
#include "module/module_bytes.h"
#include "module/precompiled.h"

namespace weir::abi {
namespace {

using namespace std::literals;
using ::testing::HasSubstr;

// A plugin that does nothing.
std::string plugin() {
  using namespace wasm;
  const std::string types = "\2\x60\0\0\x60\1\x7f\1\x7f"s;
  const std::string exports = "\3" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                              "\0\1"s + name("memory") + "\2\0"s;
  return kPreamble + type_section(types) + function_section("\2\0\1"sv) +
         memory_section("\1\0\1"sv) + export_section(exports) +
         code_section("\2\2\0\x0b\4\0\x41\0\x0b"sv);
}

class FakeModule final : public engine::Module {
 public:
  explicit FakeModule(std::string artifact) : artifact_(std::move(artifact)) {}

  Result<std::unique_ptr<engine::Instance>> make_instance(engine::ImportHandler&,
                                                          const engine::Limits&) const override {
    return Error{ErrorCode::Unsupported, "a fake"};
  }
  Result<std::vector<std::byte>> serialize() const override {
    return std::vector<std::byte>(as_bytes(artifact_).begin(), as_bytes(artifact_).end());
  }

 private:
  std::string artifact_;
};

// Says what it was asked to do. Its artifact is the module's bytes, in brackets.
class FakeEngine final : public engine::Engine {
 public:
  engine::EngineInfo info() const override { return {.name = name, .version = version}; }
  engine::Capabilities capabilities() const override {
    return {.interrupt = true,
            .stack_limit = true,
            .memory_limit = limits_memory,
            .serialize = serializes};
  }
  std::string fingerprint() const override { return name + " " + version + " " + options; }

  Result<std::unique_ptr<const engine::Module>> compile(
      Bytes wasm, std::span<const engine::Import>) const override {
    compiled.emplace_back(as_text(wasm));
    return std::unique_ptr<const engine::Module>(
        std::make_unique<FakeModule>("[" + compiled.back() + "]"));
  }
  Result<std::unique_ptr<const engine::Module>> deserialize(
      Bytes artifact, std::span<const engine::Import>) const override {
    deserialized.emplace_back(as_text(artifact));
    if (refuses_artifacts) return Error{ErrorCode::Unsupported, "of another processor"};
    return std::unique_ptr<const engine::Module>(std::make_unique<FakeModule>("any"));
  }

  std::string name = "fake";
  std::string version = "1";
  std::string options = "fast";
  bool serializes = true;
  bool limits_memory = true;
  bool refuses_artifacts = false;
  mutable std::vector<std::string> compiled;
  mutable std::vector<std::string> deserialized;
};

std::string text_of(const std::vector<std::byte>& bytes) { return std::string(as_text(bytes)); }

// `file` with the engine's code in it.
std::string precompiled(const engine::Engine& engine, std::string_view file,
                        const engine::Limits& limits = {}) {
  auto made = add_precompiled(engine, file, limits);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return made.ok() ? text_of(made.value().bytes) : "";
}

class PrecompiledCodeTest : public testing::Test {
 protected:
  // Links `file`, which succeeds whatever precompiled code there is.
  std::unique_ptr<const LinkedModule> link(std::string_view file, const LinkOptions& options) {
    engine.compiled.clear();
    engine.deserialized.clear();
    auto made = LinkedModule::make(engine, nullptr, file, options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(made).value() : nullptr;
  }

  std::unique_ptr<const LinkedModule> link_allowed(std::string_view file) {
    return link(file, {.allow_precompiled = true});
  }

  // That the plain module is compiled, and no other code is seen by the engine; answers why.
  std::string refusal(std::string_view file) {
    const auto linked = link_allowed(file);
    EXPECT_FALSE(linked->precompiled());
    EXPECT_THAT(engine.compiled, testing::ElementsAre(plugin()));
    EXPECT_THAT(engine.deserialized, testing::IsEmpty());
    return linked->precompiled_refusal();
  }

  // The section that is added to `plain`.
  std::string section_of(const std::string& plain) {
    return precompiled(engine, plain).substr(plain.size());
  }

  FakeEngine engine;
};

TEST_F(PrecompiledCodeTest, IsRunWhereItIsAllowed) {
  const std::string file = precompiled(engine, plugin());
  const auto linked = link_allowed(file);
  EXPECT_TRUE(linked->precompiled());
  EXPECT_EQ(linked->precompiled_refusal(), "");
  EXPECT_THAT(engine.deserialized, testing::ElementsAre("[" + plugin() + "]"));
  EXPECT_THAT(engine.compiled, testing::IsEmpty());
}

TEST_F(PrecompiledCodeTest, IsNothingToTheEngineWhereItIsNotAllowed) {
  const auto linked = link(precompiled(engine, plugin()), {});
  EXPECT_FALSE(linked->precompiled());
  EXPECT_EQ(linked->precompiled_refusal(), "");
  EXPECT_THAT(engine.compiled, testing::ElementsAre(plugin()));
  EXPECT_THAT(engine.deserialized, testing::IsEmpty());
}

TEST_F(PrecompiledCodeTest, OfAnotherEngineIsNotRun) {
  const std::string file = precompiled(engine, plugin());
  engine.name = "other";
  EXPECT_EQ(refusal(file), "the file has none for other");
  EXPECT_EQ(refusal(plugin()), "the file has none for other");
}

TEST_F(PrecompiledCodeTest, OfAnotherVersionIsNotRun) {
  const std::string file = precompiled(engine, plugin());
  engine.version = "2";
  EXPECT_EQ(refusal(file), "it is of fake '1', and this is '2'");
}

TEST_F(PrecompiledCodeTest, ForOtherOptionsIsNotRun) {
  const std::string file = precompiled(engine, plugin());
  engine.options = "small";
  EXPECT_EQ(refusal(file), "it is for 'fake 1 fast', and this is 'fake 1 small'");
}

TEST_F(PrecompiledCodeTest, OfAnotherModuleIsNotRun) {
  const std::string file = plugin() + section_of(plugin() + wasm::custom("built", "yesterday"));
  EXPECT_EQ(refusal(file), "it was made of another module than the file's");
}

TEST_F(PrecompiledCodeTest, ForOtherLimitsIsNotRunWhereTheyAreInTheCode) {
  engine.limits_memory = false;
  const std::string file = precompiled(engine, plugin(), {.max_memory_bytes = 1 << 20});
  EXPECT_THAT(link_allowed(file)->precompiled_refusal(),
              HasSubstr("it was made for another max_memory_bytes"));
  EXPECT_TRUE(engine.deserialized.empty());
  EXPECT_TRUE(link(file, {.limits = {.max_memory_bytes = 1 << 20}, .allow_precompiled = true})
                  ->precompiled());

  engine.limits_memory = true;
  const std::string any = precompiled(engine, plugin(), {.max_memory_bytes = 1 << 20});
  EXPECT_TRUE(link_allowed(any)->precompiled());
}

TEST_F(PrecompiledCodeTest, ThatIsDamagedAnywhereIsNotRun) {
  const std::string file = precompiled(engine, plugin());
  const size_t contents = file.find("weir.precompiled") + "weir.precompiled"sv.size();
  for (size_t at = contents; at < file.size(); at += 7) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_NE(refusal(damaged), "") << at;
  }
  std::string damaged = file;
  damaged.back() = '!';
  EXPECT_EQ(refusal(damaged), "it is damaged: its checksum is wrong");
}

TEST_F(PrecompiledCodeTest, ThatIsNoSuchThingIsNotRun) {
  EXPECT_THAT(refusal(plugin() + wasm::custom("weir.precompiled", "")),
              HasSubstr("a section is damaged: an entry runs past the end"));
  EXPECT_THAT(refusal(plugin() + wasm::custom("weir.precompiled", "\7\0\0\0"sv)),
              HasSubstr("it has the format 7, where 1 is known"));
}

TEST_F(PrecompiledCodeTest, OfAnotherHostIsLeftAlone) {
  const std::string file = plugin() + wasm::custom("precompiled_v8_v10.2.154_linux_x86_64", "code");
  EXPECT_EQ(link_allowed(file)->precompiled_refusal(), "the file has none for fake");
  EXPECT_THAT(engine.compiled, testing::ElementsAre(file));
  EXPECT_THAT(engine.deserialized, testing::IsEmpty());
}

TEST_F(PrecompiledCodeTest, ThatTheEngineRefusesIsReplacedByWhatItCompiles) {
  const std::string file = precompiled(engine, plugin());
  engine.refuses_artifacts = true;
  const auto linked = link_allowed(file);
  EXPECT_FALSE(linked->precompiled());
  EXPECT_EQ(linked->precompiled_refusal(), "the engine refuses it: of another processor");
  EXPECT_THAT(engine.compiled, testing::ElementsAre(plugin()));
}

TEST_F(PrecompiledCodeTest, IsNeitherReadNorWrittenByAnEngineWithoutArtifacts) {
  const std::string file = precompiled(engine, plugin());
  engine.serializes = false;
  EXPECT_EQ(refusal(file), "fake takes none");
  const auto made = add_precompiled(engine, plugin(), {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::Unsupported);
}

TEST_F(PrecompiledCodeTest, OfSeveralEnginesAndVersionsLiesInOneFile) {
  std::string file = precompiled(engine, plugin());
  engine.version = "2";
  file = precompiled(engine, file);
  engine.name = "other";
  file = precompiled(engine, file);
  EXPECT_TRUE(link_allowed(file)->precompiled());
  engine.name = "fake";
  EXPECT_TRUE(link_allowed(file)->precompiled());
  engine.version = "1";
  EXPECT_TRUE(link_allowed(file)->precompiled());
  EXPECT_EQ(precompiled(engine, file).size(), file.size());  // replaced
}

TEST_F(PrecompiledCodeTest, ThatIsOfNoUseIsDropped) {
  const std::string file = plugin() + section_of(plugin() + wasm::custom("built", "yesterday")) +
                           wasm::custom("weir.precompiled", "damaged");
  const auto made = add_precompiled(engine, file, {});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.value().dropped, 2u);
  EXPECT_EQ(text_of(made.value().bytes), precompiled(engine, plugin()));
}

// The real engines take what they gave, and code that the pass has changed with it.
class PrecompiledOnEngineTest : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Engines, PrecompiledOnEngineTest,
                         testing::ValuesIn(engine::built_engines()), engine::engine_name);

TEST_P(PrecompiledOnEngineTest, RunsAsWhatItIsMadeOf) {
  const engine::Engine& engine = engine::engine_named(GetParam());
  const auto attachment = engine.attach_thread();
  if (!engine.capabilities().serialize) GTEST_SKIP() << GetParam() << " has no artifacts";
  const std::string file = precompiled(engine, plugin());
  for (const SupplyLimits supply : {SupplyLimits::Missing, SupplyLimits::All}) {
    auto made = LinkedModule::make(engine, nullptr, file,
                                   {.supply_limits = supply, .allow_precompiled = true});
    ASSERT_TRUE(made.ok()) << made.error().message;
    const LinkedModule& linked = *made.value();
    EXPECT_EQ(linked.precompiled(), supply == SupplyLimits::Missing)
        << linked.precompiled_refusal();
    engine::FakeHost host;
    engine::Guest guest(linked.module(), host, linked.limits());
    ASSERT_EQ(guest.instance().instantiate(), engine::Flow::Return);
    EXPECT_EQ(guest.call("malloc", {{engine::I32}, {engine::I32}}, {8}).value(), 0u);
  }
}

}  // namespace
}  // namespace weir::abi
