#include "engine/code_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/log_fakes.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FakeModule final : public Module {
 public:
  explicit FakeModule(std::string artifact) : artifact_(std::move(artifact)) {}

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler&, const Limits&) const override {
    return Error{ErrorCode::Unsupported, "a fake"};
  }
  Result<std::vector<std::byte>> serialize() const override {
    const Bytes bytes = as_bytes(artifact_);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }

 private:
  std::string artifact_;
};

// Counts what it is asked to do. Its artifact is the module's bytes, in brackets.
class FakeEngine final : public Engine {
 public:
  EngineInfo info() const override { return {.name = "fake"}; }
  Capabilities capabilities() const override { return {.serialize = serializes}; }
  std::string fingerprint() const override { return print; }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import>) const override {
    ++compiled;
    return std::unique_ptr<const Module>(
        std::make_unique<FakeModule>("[" + std::string(as_text(wasm)) + "]"));
  }

  Result<std::unique_ptr<const Module>> deserialize(Bytes artifact,
                                                    std::span<const Import>) const override {
    if (refuses_artifacts) return Error{ErrorCode::Unsupported, "of another machine"};
    ++deserialized;
    return std::unique_ptr<const Module>(
        std::make_unique<FakeModule>(std::string(as_text(artifact))));
  }

  std::string print = "fake 1";
  bool serializes = true;
  bool refuses_artifacts = false;
  mutable int compiled = 0;
  mutable int deserialized = 0;
};

class CodeCacheTest : public ::testing::Test {
 protected:
  ~CodeCacheTest() override { fs::remove_all(parent_); }

  std::optional<std::string> found(std::string_view wasm) {
    auto artifact = cache.find(engine, as_bytes(wasm));
    if (!artifact) return std::nullopt;
    return std::string(as_text(*artifact));
  }

  void store(std::string_view wasm, std::string_view artifact) {
    cache.store(engine, as_bytes(wasm), as_bytes(artifact));
  }

  std::vector<fs::path> files() const {
    if (!fs::exists(folder)) return {};
    return {fs::directory_iterator(folder), {}};
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "weir-code-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    return name;
  }
  fs::path parent_ = make_folder();

 protected:
  const fs::path folder = parent_ / "not" / "yet";
  weir::test::RecordingLogger logger;
  FakeEngine engine;
  const CodeCache cache{folder, 4096, logger};
};

TEST_F(CodeCacheTest, FindsWhatWasStored) {
  EXPECT_EQ(found("wasm"), std::nullopt);
  store("wasm", "artifact");
  EXPECT_EQ(found("wasm"), "artifact");
  EXPECT_EQ(found("other wasm"), std::nullopt);
  EXPECT_THAT(logger.lines(), IsEmpty());
}

TEST_F(CodeCacheTest, KeepsEnginesApart) {
  store("wasm", "artifact");
  engine.print = "fake 2";
  EXPECT_EQ(found("wasm"), std::nullopt);
}

TEST_F(CodeCacheTest, RemovesAndLogsADamagedEntry) {
  store("wasm", "artifact");
  std::ofstream(files().at(0), std::ios::binary) << "damaged";
  EXPECT_EQ(found("wasm"), std::nullopt);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("code cache: removed damaged")));
}

TEST_F(CodeCacheTest, SavesCompilingTwice) {
  ASSERT_TRUE(compile(engine, &cache, as_bytes("wasm"), {}).ok());
  auto second = compile(engine, &cache, as_bytes("wasm"), {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(as_text(second.value()->serialize().value()), "[wasm]");
  EXPECT_EQ(engine.compiled, 1);
  EXPECT_EQ(engine.deserialized, 1);
}

TEST_F(CodeCacheTest, CompilesAgainWhatTheEngineRefuses) {
  ASSERT_TRUE(compile(engine, &cache, as_bytes("wasm"), {}).ok());
  engine.refuses_artifacts = true;
  ASSERT_TRUE(compile(engine, &cache, as_bytes("wasm"), {}).ok());
  EXPECT_EQ(engine.compiled, 2);
  EXPECT_EQ(found("wasm"), "[wasm]");
}

TEST_F(CodeCacheTest, IsLeftAloneByAnEngineThatKeepsNothing) {
  engine.serializes = false;
  ASSERT_TRUE(compile(engine, &cache, as_bytes("wasm"), {}).ok());
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(CodeCacheTest, IsNotNeeded) {
  ASSERT_TRUE(compile(engine, nullptr, as_bytes("wasm"), {}).ok());
  EXPECT_EQ(engine.compiled, 1);
}

}  // namespace
}  // namespace weir::engine
