#include "engine/engines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "engine/engine_test_support.h"
#include "engine/null_engine.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A folder of its own, gone with the test.
class EnginesTest : public testing::Test {
 protected:
  ~EnginesTest() override { fs::remove_all(folder_); }

  const fs::path& folder() const { return folder_; }

  Error refusal(std::string_view runtime) {
    const Engines engines({folder_}, EngineOptions{});
    auto found = engines.find(runtime);
    EXPECT_FALSE(found.ok());
    return found.ok() ? Error{} : found.error();
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "weir-engines-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    return name;
  }
  fs::path folder_ = make_folder();
};

TEST_F(EnginesTest, KnowsTheNamesThatConfigurationsUse) {
  EXPECT_EQ(canonical_name("wasmtime"), "wasmtime");
  EXPECT_EQ(canonical_name("envoy.wasm.runtime.v8"), "v8");
  EXPECT_EQ(canonical_name("envoy.wasm.runtime.null"), "null");
  EXPECT_EQ(canonical_name("ats.wasm.runtime.wamr"), "wamr");
  EXPECT_EQ(canonical_name("ats.wasm.runtime.wamr-jit"), "wamr-jit");
  EXPECT_EQ(canonical_name(""), "wasmtime");
  EXPECT_EQ(canonical_name("ats.wasm.runtime.v8"), "v8");
  EXPECT_EQ(canonical_name("ats.wasm.runtime.wavm"), "wavm");
  EXPECT_EQ(canonical_name("ats.wasm.runtime.null"), "");
  EXPECT_EQ(canonical_name("envoy.wasm.runtime."), "");
  EXPECT_THAT(known_engines(), Contains("wavm"));
}

TEST_F(EnginesTest, ListsTheKnownNamesForAnUnknownOne) {
  const Error error = refusal("envoy.wasm.runtime.nine");
  EXPECT_EQ(error.code, ErrorCode::BadConfig);
  EXPECT_THAT(error.message, AllOf(HasSubstr("'envoy.wasm.runtime.nine'"), HasSubstr("wasmedge")));
}

TEST_F(EnginesTest, NamesNoSpellingThatItDoesNotKnow) {
  EXPECT_EQ(refusal("ats.wasm.runtime.null").message,
            "unknown runtime 'ats.wasm.runtime.null'; did you mean 'null'?");
  EXPECT_EQ(
      refusal("ats.wasm.runtime.wasmtim").message,
      "unknown runtime 'ats.wasm.runtime.wasmtim'; did you mean 'ats.wasm.runtime.wasmtime'?");
  EXPECT_THAT(
      refusal("ats.wasm.runtime.nine").message,
      EndsWith("known are null, wasmtime, v8, wamr, wamr-aot, wamr-jit, wasmedge, wasmedge-aot, "
               "wavm, each also written envoy.wasm.runtime.NAME, and wasmtime, v8, wamr, "
               "wamr-aot, wamr-jit, wasmedge, wasmedge-aot, wavm as ats.wasm.runtime.NAME too"));
}

TEST_F(EnginesTest, SaysWhereItLookedForAMissingAdapter) {
  const Error error = refusal("v8");
  EXPECT_EQ(error.code, ErrorCode::NotFound);
  EXPECT_THAT(error.message, AllOf(HasSubstr("engine 'v8'"), HasSubstr("weir-engine-v8.so"),
                                   HasSubstr(folder().string()), HasSubstr("install the adapter"),
                                   HasSubstr("WEIR_ENGINE_PATH")));
}

TEST_F(EnginesTest, RefusesAFileThatIsNoSharedObject) {
  std::ofstream(folder() / "weir-engine-v8.so") << "text";
  const Error error = refusal("v8");
  EXPECT_EQ(error.code, ErrorCode::Io);
  EXPECT_THAT(error.message, AllOf(HasSubstr((folder() / "weir-engine-v8.so").string()),
                                   HasSubstr("install the adapter anew")));
}

// The dynamic loader would end the process by SIGBUS.
TEST_F(EnginesTest, RefusesANativePluginThatIsCutShort) {
  const fs::path file = folder() / "plugin.so";
  fs::copy(WEIR_NATIVE_TEST_PLUGIN, file);
  fs::resize_file(file, 1000);
  const auto compiled = make_null_engine()->compile(as_bytes(file.native()), {});
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.error().message, HasSubstr("plugin.so is cut short"));
}

// To open one would be to wait for ever.
TEST_F(EnginesTest, RefusesPipesInTheirPlace) {
  const fs::path plugin = folder() / "plugin.so";
  ASSERT_EQ(mkfifo(plugin.c_str(), 0600), 0);
  const auto compiled = make_null_engine()->compile(as_bytes(plugin.native()), {});
  ASSERT_FALSE(compiled.ok());
  EXPECT_THAT(compiled.error().message, HasSubstr("plugin.so is no regular file"));

  const fs::path adapter = folder() / "weir-engine-v8.so";
  ASSERT_EQ(mkfifo(adapter.c_str(), 0600), 0);
  EXPECT_THAT(refusal("v8").message,
              HasSubstr(adapter.string() + ": is no regular file; install the adapter anew"));

  const fs::path wasmtime = engines().adapter_path(engine_named("wasmtime").info().name);
  fs::copy(wasmtime, folder() / wasmtime.filename());
  const fs::path library = folder() / "libwasmtime.so";
  ASSERT_EQ(mkfifo(library.c_str(), 0600), 0);
  EXPECT_THAT(refusal("wasmtime").message,
              HasSubstr("needs " + library.string() + ", which is no regular file; install"));
}

TEST_F(EnginesTest, RefusesAnAdapterThatIsCutShort) {
  const fs::path file = folder() / "weir-engine-v8.so";
  fs::copy(WEIR_OLD_TEST_ADAPTER, file);
  for (const uintmax_t bytes : {1000U, 100U}) {  // within the code, within the headers
    fs::resize_file(file, bytes);
    const Error error = refusal("v8");
    EXPECT_EQ(error.code, ErrorCode::Io);
    EXPECT_THAT(error.message, HasSubstr("is cut short; install the adapter anew"));
  }
}

// As where a copy was broken off between the two.
TEST_F(EnginesTest, RefusesAnAdapterWhoseLibraryIsCutShort) {
  const fs::path adapter = engines().adapter_path(engine_named("wasmtime").info().name);
  fs::copy(adapter, folder() / adapter.filename());
  fs::copy(adapter.parent_path() / "libwasmtime.so", folder() / "libwasmtime.so");
  fs::resize_file(folder() / "libwasmtime.so", 100'000);
  EXPECT_THAT(refusal("wasmtime").message,
              HasSubstr("needs " + (folder() / "libwasmtime.so").string() +
                        ", which is cut short; install the adapter anew"));
}

TEST_F(EnginesTest, RefusesAnotherEnginesAdapter) {
  const fs::path adapter = engines().adapter_path(engine_named("wasmtime").info().name);
  fs::copy(adapter, folder() / "weir-engine-v8.so");
  fs::create_symlink(adapter.parent_path() / "libwasmtime.so", folder() / "libwasmtime.so");
  EXPECT_THAT(refusal("v8").message,
              HasSubstr("weir-engine-v8.so: is the adapter of engine 'wasmtime', whose file is "
                        "named weir-engine-wasmtime.so; install the adapter anew"));
}

TEST_F(EnginesTest, SaysWhatIsMissingOfWasmEdge) {
  if (std::ranges::count(built_engines(), "wasmedge-aot") == 0) {
    GTEST_SKIP() << "wasmedge-aot cannot be loaded in this process";
  }
  const fs::path adapter = engines().adapter_path(engine_named("wasmedge-aot").info().name);
  fs::copy(adapter, folder() / adapter.filename());
  fs::create_directory_symlink(adapter.parent_path() / "wasmedge", folder() / "wasmedge");
  EXPECT_THAT(refusal("wasmedge-aot").message,
              HasSubstr("weir-wasmedge-compile, which compiles plugins, is not there: install"));

  // Another program would seem to refuse each plugin.
  const fs::path compiler = folder() / "weir-wasmedge-compile";
  const auto refused = [&](const std::string& why) {
    return AllOf(HasSubstr(compiler.string() + ", which compiles plugins, " + why +
                           ": install the adapter anew, with it beside it, or use engine "
                           "'wasmedge'"),
                 Not(HasSubstr("this module")));
  };
  fs::copy_file("/bin/true", compiler);
  EXPECT_THAT(refusal("wasmedge-aot").message,
              refused("is another program, or of another build of Weir"));
  const auto write_script = [&] {
    fs::remove(compiler);
    std::ofstream(compiler) << "#!/bin/sh\nexit 0\n";
    ASSERT_EQ(chmod(compiler.c_str(), 0755), 0);
  };
  write_script();
  EXPECT_THAT(refusal("wasmedge-aot").message,
              refused("is no program or library for this machine"));
  fs::remove(compiler);
  fs::copy_file(adapter.parent_path() / compiler.filename(), compiler);
  ASSERT_EQ(chmod(compiler.c_str(), 0644), 0);
  EXPECT_THAT(refusal("wasmedge-aot").message, refused("may not be executed"));

  // Each plugin finds out where it is another since the engine was loaded. In a process of its own:
  // one has a single adapter of that name.
  ASSERT_EQ(chmod(compiler.c_str(), 0755), 0);
  const auto compile_without = [&] {
    const Engines engines({folder()}, EngineOptions{});
    const auto engine = engines.find("wasmedge-aot");
    if (!engine.ok()) _exit(1);
    write_script();
    const auto compiled = engine.value()->compile(read_guest("guest"), guest_imports().view());
    std::cerr << (compiled.ok() ? "compiled" : compiled.error().message) << '\n';
    _exit(compiled.ok() ? 2 : 0);
  };
  EXPECT_EXIT(compile_without(), testing::ExitedWithCode(0),
              "which compiles plugins, is no program or library for this machine: install");
}

TEST_F(EnginesTest, RefusesASharedObjectThatIsNoAdapter) {
  fs::copy(WEIR_NATIVE_TEST_PLUGIN, folder() / "weir-engine-v8.so");
  const Error error = refusal("v8");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, AllOf(HasSubstr("not an engine adapter"),
                                   EndsWith("; install the adapter anew, with the engine's "
                                            "libraries beside it")));
}

TEST_F(EnginesTest, RefusesAnAdapterOfAnotherBuild) {
  fs::copy(WEIR_OLD_TEST_ADAPTER, folder() / "weir-engine-v8.so");
  const Error error = refusal("v8");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_THAT(error.message, HasSubstr("another build of Weir"));
}

// To load it is to run it.
TEST_F(EnginesTest, RefusesAnAdapterThatAnyoneCouldHaveWritten) {
  const fs::path file = folder() / "weir-engine-v8.so";
  fs::copy(WEIR_OLD_TEST_ADAPTER, file);
  for (const fs::path& open : {file, folder()}) {
    const fs::perms before = fs::status(open).permissions();
    ASSERT_EQ(chmod(open.c_str(), 0777), 0);
    EXPECT_THAT(refusal("v8").message,
                HasSubstr("is not loaded, since somebody else could have written it: " +
                          open.string() + " may be written by everyone: run `chmod go-w"));
    fs::permissions(open, before);
  }
  if (chown(file.c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root can give files away";
  EXPECT_THAT(refusal("v8").message, HasSubstr("belongs to user 12345"));
  ASSERT_EQ(chown(folder().c_str(), 12345, 12345), 0);  // whoever has named it trusts its owner
  EXPECT_THAT(refusal("v8").message, HasSubstr("another build of Weir"));
}

// Each of them is loaded or started with it.
TEST_F(EnginesTest, RefusesAnAdapterIfAnyoneCouldHaveWrittenWhatItLoads) {
  const auto refuses = [&](std::string_view engine, const fs::path& part) {
    std::ofstream(part) << "a part";
    ASSERT_EQ(chmod(part.c_str(), 0666), 0);
    EXPECT_THAT(refusal(engine).message,
                HasSubstr("needs " + part.string() +
                          ", which is not loaded, since somebody else could have written it: " +
                          part.string() + " may be written by everyone: run `chmod go-w"));
    fs::remove(part);
  };
  const fs::path wasmtime = engines().adapter_path(engine_named("wasmtime").info().name);
  fs::copy(wasmtime, folder() / wasmtime.filename());
  refuses("wasmtime", folder() / "libwasmtime.so");

  fs::copy(WEIR_OLD_TEST_ADAPTER, folder() / "weir-engine-wasmedge-aot.so");
  fs::create_directory(folder() / "wasmedge");
  for (const char* part :
       {"wasmedge/ld.so", "wasmedge/libwasmedge.so.0", "weir-wasmedge-compile"}) {
    refuses("wasmedge-aot", folder() / part);
  }
}

TEST_F(EnginesTest, SaysHowToStartAProcessForAnEngineWithACLibraryOfItsOwn) {
  std::ofstream(folder() / "weir-engine-wasmedge.so") << "text";
  EXPECT_TRUE(Engines({folder()}, EngineOptions{}).needed_loader("wasmedge").empty());

  const fs::path libraries = folder() / "wasmedge";
  put_c_library(libraries);
  const Engines engines({folder()}, EngineOptions{});
  EXPECT_EQ(engines.needed_loader("envoy.wasm.runtime.wasmedge"), libraries / "ld.so");
  EXPECT_TRUE(engines.needed_loader("wasmtime").empty());
  EXPECT_THAT(refusal("wasmedge").message,
              HasSubstr("start the process by '" + (libraries / "ld.so").string() +
                        " --library-path " + libraries.string() + " PROGRAM'"));
}

// A process that such a loader starts ends before it can say a word.
TEST_F(EnginesTest, NeedsNoLoaderWhoseCLibraryIsNotWhole) {
  std::ofstream(folder() / "weir-engine-v8.so") << "text";
  std::ofstream(folder() / "weir-engine-wasmedge.so") << "text";
  const fs::path libraries = folder() / "wasmedge";
  put_c_library(libraries);
  fs::remove(libraries / "libm.so.6");
  const Engines engines({folder()}, EngineOptions{});
  EXPECT_TRUE(engines.needed_loader("wasmedge").empty());
  EXPECT_EQ(refusal("wasmedge").message,
            "engine 'wasmedge': " + (folder() / "weir-engine-wasmedge.so").string() + ": needs " +
                (libraries / "libm.so.6").string() +
                ", which is not there; install the adapter anew, with all that lies in wasmedge/ "
                "beside it, ld.so and libraries");
  EXPECT_THAT(engines.alternatives("wasmtime"), ElementsAre("v8"));
}

TEST_F(EnginesTest, NamesWhatMayStandInAnEnginesPlace) {
  for (const char* name : {"v8", "wamr", "wasmedge", "wasmedge-aot"}) {
    std::ofstream(folder() / (std::string("weir-engine-") + name + ".so")) << "text";
  }
  put_c_library(folder() / "wasmedge");
  const Engines engines({folder()}, EngineOptions{});
  EXPECT_THAT(engines.alternatives("ats.wasm.runtime.wasmedge"),
              ElementsAre("ats.wasm.runtime.v8", "ats.wasm.runtime.wamr"));
  EXPECT_THAT(engines.alternatives("envoy.wasm.runtime.wamr"),
              ElementsAre("envoy.wasm.runtime.v8"));
  EXPECT_THAT(engines.alternatives(""), ElementsAre("v8", "wamr"));
  EXPECT_THAT(engines.alternatives("nine"), IsEmpty());
}

TEST_F(EnginesTest, NeedsNoLoaderInAProcessThatItStarted) {
  std::ofstream(folder() / "weir-engine-wasmedge.so") << "text";
  fs::create_directory(folder() / "wasmedge");
  fs::create_symlink(fs::read_symlink("/proc/self/exe"), folder() / "wasmedge/ld.so");
  EXPECT_TRUE(Engines({folder()}, EngineOptions{}).needed_loader("wasmedge").empty());
}

TEST_F(EnginesTest, LoadsAnEngineOnce) {
  const Engines engines(Engines::default_search_path(), EngineOptions{});
  EXPECT_TRUE(engines.adapter_path("wasmtime").empty());
  auto first = engines.find("");
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first.value(), engines.find("ats.wasm.runtime.wasmtime").value());
  EXPECT_EQ(engines.adapter_path("wasmtime").filename(), "weir-engine-wasmtime.so");
}

// Of WAMR's own words none tells whose they are.
TEST_F(EnginesTest, WhatWamrRefusesNamesIt) {
  constexpr std::string_view kExportWithZero("\0asm\1\0\0\0\5\3\1\0\1\7\6\1\2a\0\2\0", 21);
  for (const std::string& name : built_engines()) {
    if (!name.starts_with("wamr")) continue;
    const auto made = engine_named(name).compile(as_bytes(kExportWithZero), {});
    ASSERT_FALSE(made.ok()) << name;
    EXPECT_THAT(made.error().message, HasSubstr("engine '" + name + "': "));
  }
}

// Handlers of signals and the like are the process's, which has them from the first one already.
// Once WasmEdge's adapter was prepared for one set only, and ended the process in the second one.
TEST_F(EnginesTest, SeveralSetsMayHaveEveryEngine) {
  for (int set = 0; set < 3; ++set) {
    const Engines all(Engines::default_search_path(), EngineOptions{});
    for (const std::string& name : built_engines()) {
      const auto engine = all.find(name);
      ASSERT_TRUE(engine.ok()) << engine.error().message;
      const auto attached = engine.value()->attach_thread();
      const auto module = engine.value()->compile(read_guest("guest"), guest_imports().view());
      ASSERT_TRUE(module.ok()) << name << ": " << module.error().message;
      FakeHost host;
      Guest guest(*module.value(), host);
      ASSERT_EQ(guest.instance().instantiate(), Flow::Return) << name;
      EXPECT_EQ(guest.trap_of("load", {{I32}, {I32}}, {0xfffffffc}).kind, TrapKind::MemoryBounds)
          << name;
    }
  }
}

TEST_F(EnginesTest, TakesAnEngineOfTheProgramForAnAdapter) {
  Engines engines({folder()}, EngineOptions{});
  auto own = make_null_engine();
  const Engine* provided = own.get();
  engines.provide("v8", std::move(own));
  auto found = engines.find("envoy.wasm.runtime.v8");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value(), provided);
  EXPECT_TRUE(engines.adapter_path("v8").empty());
}

TEST_F(EnginesTest, HasTheNullEngineBuiltIn) {
  const Engines engines({}, EngineOptions{});
  auto found = engines.find("envoy.wasm.runtime.null");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found.value()->capabilities().native_code);
}

TEST_F(EnginesTest, RefusesOptionsThatWasmtimeCannotHave) {
  for (const EngineOptions& options :
       {EngineOptions{.max_stack_bytes = 0}, EngineOptions{.max_stack_bytes = 1ull << 30},
        EngineOptions{.pool_memory_bytes = 100}, EngineOptions{.pool_memory_bytes = 1ull << 40}}) {
    const Engines engines(Engines::default_search_path(), options);
    auto found = engines.find("wasmtime");
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, ErrorCode::BadConfig);
  }
}

// Sets a variable of the environment, and sets it back.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value, 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() { setenv(name_, before_.c_str(), 1); }

 private:
  const char* name_;
  std::string before_;
};

TEST_F(EnginesTest, LooksBesideTheProgramThenInTheEnvironmentsFolders) {
  const ScopedVariable variable("WEIR_ENGINE_PATH", "/first::/second/");
  const auto path = Engines::default_search_path();
  ASSERT_GE(path.size(), 4u);
  const fs::path folder = fs::canonical(program_invocation_name).parent_path();
  EXPECT_EQ(path[0], folder / "weir/engines");
  EXPECT_EQ(path[1], folder.parent_path() / "lib/weir/engines");
  EXPECT_EQ(path[path.size() - 2], "/first");
  EXPECT_EQ(path[path.size() - 1], "/second/");
}

}  // namespace
}  // namespace weir::engine
