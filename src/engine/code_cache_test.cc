#include "engine/code_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/guarded.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RecordingLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Trace; }
  void write(LogLevel, std::string_view line) override { lines_.lock()->emplace_back(line); }
  std::vector<std::string> lines() const { return *lines_.lock(); }

 private:
  Guarded<std::vector<std::string>> lines_;
};

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

class CodeCacheTest : public testing::Test {
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

  std::string only_file() const {
    std::ifstream file(files().at(0), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
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
  RecordingLogger logger;
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

TEST_F(CodeCacheTest, ReplacesAnEntry) {
  store("wasm", "old");
  store("wasm", "new");
  EXPECT_EQ(found("wasm"), "new");
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(CodeCacheTest, RemovesAndLogsADamagedEntry) {
  store("wasm", "artifact");
  const fs::path path = files().at(0);
  const std::string good = only_file();
  for (size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] ^= 1;
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_EQ(found("wasm"), std::nullopt) << "byte " << at;
    EXPECT_THAT(files(), IsEmpty());
  }
  EXPECT_EQ(logger.lines().size(), good.size());
  EXPECT_THAT(logger.lines()[0], HasSubstr("damaged"));
}

TEST_F(CodeCacheTest, RemovesATruncatedEntry) {
  store("wasm", "artifact");
  const fs::path path = files().at(0);
  const std::string good = only_file();
  for (size_t size = 0; size < good.size(); ++size) {
    std::ofstream(path, std::ios::binary) << good.substr(0, size);
    EXPECT_EQ(found("wasm"), std::nullopt) << size;
    EXPECT_THAT(files(), IsEmpty());
  }
}

TEST_F(CodeCacheTest, DropsTheLeastRecentlyUsed) {
  const std::string artifact(1200, 'x');
  const auto age = [&](std::chrono::hours hours) {
    for (const auto& file : files()) {
      fs::last_write_time(file, fs::last_write_time(file) - hours);
    }
  };
  for (const char* wasm : {"a", "b", "c"}) {
    store(wasm, artifact);
    age(std::chrono::hours(1));
  }
  EXPECT_NE(found("a"), std::nullopt);  // used just now, so that b is the oldest
  store("d", artifact);
  EXPECT_NE(found("a"), std::nullopt);
  EXPECT_EQ(found("b"), std::nullopt);
  EXPECT_NE(found("c"), std::nullopt);
  EXPECT_NE(found("d"), std::nullopt);
}

TEST_F(CodeCacheTest, RefusesWhatExceedsItWhole) {
  store("small", "artifact");
  store("large", std::string(5000, 'x'));
  EXPECT_EQ(found("large"), std::nullopt);
  EXPECT_EQ(found("small"), "artifact");
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("5000 bytes")));
}

TEST_F(CodeCacheTest, LogsWhereItCannotWrite) {
  fs::create_directories(folder.parent_path());
  std::ofstream(folder) << "a file, not a folder";
  store("wasm", "artifact");
  EXPECT_EQ(found("wasm"), std::nullopt);
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr(folder.string())));
}

TEST_F(CodeCacheTest, IsSharedByThreads) {
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) {
      const std::string wasm = std::to_string(i % 5);
      cache.store(engine, as_bytes(wasm), as_bytes(std::string(900, wasm[0])));
      if (auto artifact = cache.find(engine, as_bytes(wasm))) {
        EXPECT_EQ(as_text(*artifact), std::string(900, wasm[0]));
      }
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  EXPECT_THAT(logger.lines(), IsEmpty());
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
