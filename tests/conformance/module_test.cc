// What a module may look like: how it begins, what it imports and exports, which ABI it speaks.

#include <map>
#include <regex>

#include "conformance/machine_test.h"
#include "module/module_bytes.h"

namespace weir::test {
namespace {

using namespace std::literals;

class ModuleTest : public ::testing::TestWithParam<std::string> {
 protected:
  // What the module of that name logs while it is loaded; or the error.
  std::vector<std::string> log_of(std::string_view module) {
    auto loaded = host.host.load(options(module));
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    std::vector<std::string> lines;
    for (const auto& line : host.log.take()) {
      if (line.level == LogLevel::Info) lines.push_back(line.text);
    }
    return lines;
  }
  std::string refusal(std::string_view module) { return host.refusal(options(module)); }

  runtime::PluginOptions options(std::string_view module) {
    return machine_options(GetParam(), module);
  }

  // Of a module that would begin without end.
  std::string refusal_at_deadline(std::string_view module) {
    auto endless = options(module);
    endless.vm.limits.start_time = kDeadline;
    return host.refusal(endless);
  }

  TestHost host;
};

TEST_P(ModuleTest, AReactorBeginsByInitializeAndMain) {
  EXPECT_THAT(log_of("entry_initialize_main"), ElementsAre("initialize", "main"));
}

TEST_P(ModuleTest, MainMayBeCalledMainVoid) {
  EXPECT_THAT(log_of("entry_main_void"), ElementsAre("initialize", "main"));
}

TEST_P(ModuleTest, ACommandBeginsByStart) {
  EXPECT_THAT(log_of("entry_start"), ElementsAre("start"));
}

TEST_P(ModuleTest, AStartSectionIsABeginningToo) {
  EXPECT_THAT(log_of("entry_start_section"), ElementsAre("start section"));
}

TEST_P(ModuleTest, ATrapInTheBeginningRefusesTheModule) {
  EXPECT_THAT(refusal("entry_traps"), StartsWith("plugin 'machine': start: unreachable"));
}

// Engines word it differently, each in a text that ends where it says it does.
TEST_P(ModuleTest, DataBeyondTheMemoryRefusesTheModule) {
  const std::string told = refusal("data_beyond_memory");
  EXPECT_THAT(told, StartsWith("plugin 'machine': "));
  EXPECT_THAT(told, Not(HasSubstr("\\x00")));
  EXPECT_EQ(told.find('\0'), told.npos);
}

TEST_P(ModuleTest, AnExitInTheBeginningRefusesTheModule) {
  EXPECT_THAT(refusal("entry_exits"), HasSubstr("start: host: proc_exit(1)"));
}

TEST_P(ModuleTest, AnEndlessBeginningIsStopped) {
  if (!capabilities_of(GetParam()).interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  EXPECT_THAT(refusal_at_deadline("entry_loops"),
              StartsWith("plugin 'machine': start: interrupted"));
}

TEST_P(ModuleTest, CallsWithoutLoopsAreStoppedAtTheDeadline) {
  if (!capabilities_of(GetParam()).interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  EXPECT_THAT(refusal_at_deadline("entry_calls"),
              StartsWith("plugin 'machine': start: interrupted"));
}

// Where there are backtraces: not every engine tells any.
TEST_P(ModuleTest, AStackOverflowNamesEachCaller) {
  const std::string told = refusal("entry_recurses");
  EXPECT_THAT(told, StartsWith("plugin 'machine': start: stack_overflow"));
  if (!capabilities_of(GetParam()).backtrace) return;
  const std::map<std::string, std::string> callers = {
      {"first", "third"}, {"second", "first"}, {"third", "second"}};
  std::vector<std::string> names;
  const std::regex frame("(first|second|third) \\(func");
  for (std::sregex_iterator at(told.begin(), told.end(), frame), end; at != end; ++at) {
    names.push_back((*at)[1]);
  }
  ASSERT_GE(names.size(), 10u) << told;
  for (size_t i = 1; i < names.size(); ++i) EXPECT_EQ(names[i], callers.at(names[i - 1])) << told;
}

TEST_P(ModuleTest, CallsBeforeTheModuleHasStartedTrap) {
  EXPECT_THAT(refusal("early_call"),
              HasSubstr("'proxy_set_tick_period_milliseconds' was called before the module had "
                        "started"));
  EXPECT_THAT(refusal("early_call_in_start_section"),
              HasSubstr("'proxy_get_property' was called before the module had started"));
}

TEST_P(ModuleTest, AModuleOfNoKnownVersionIsRefused) {
  EXPECT_EQ(refusal("no_marker"),
            "plugin 'machine': not a Proxy-Wasm plugin: no 'proxy_abi_version_0_2_1' (or 0_2_0, "
            "0_1_0) is exported; build it with a Proxy-Wasm SDK");
  EXPECT_EQ(refusal("unknown_marker"),
            "plugin 'machine': unknown Proxy-Wasm ABI version: the module exports "
            "'proxy_abi_version_0_3_0'; Weir runs 0.1.0, 0.2.0 and 0.2.1");
}

TEST_P(ModuleTest, AModuleNeedsAnAllocatorOfTheRightType) {
  EXPECT_EQ(refusal("no_allocator"),
            "plugin 'machine': the module exports neither 'proxy_on_memory_allocate' nor 'malloc'");
  EXPECT_EQ(refusal("odd_allocator"),
            "plugin 'machine': the export 'malloc' is (i64) -> i32 where (i32) -> i32 is expected");
}

TEST_P(ModuleTest, MallocIsTheAllocatorWhereThereIsNoOther) {
  EXPECT_THAT(log_of("malloc_only"), ElementsAre("wasm [machine]: machine"));
}

TEST_P(ModuleTest, ACallbackHasTheTypeOfTheSpecification) {
  EXPECT_EQ(refusal("odd_callback"),
            "plugin 'machine': the callback 'proxy_on_request_body' is exported as (i32, i32) -> "
            "i32, with 3 i32 parameters and an i32 result expected");
}

TEST_P(ModuleTest, EveryImportThatCannotBeLinkedIsNamed) {
  EXPECT_EQ(refusal("odd_import"),
            "plugin 'machine': the module imports functions that Weir does not have: "
            "'env.proxy_log' (i32) -> i32, which Weir has with another type; 'elsewhere.function' "
            "() -> ()");
}

TEST_P(ModuleTest, AKnownFunctionOfAnotherTypeIsNoStub) {
  auto lenient = options("odd_import");
  lenient.vm.unknown_imports = runtime::UnknownImports::Stub;
  EXPECT_EQ(host.refusal(lenient),
            "plugin 'machine': the module imports functions that Weir does not have: "
            "'env.proxy_log' (i32) -> i32, which Weir has with another type");
}

// Some engines are given functions of these, others are not: one and the same refuses a plugin's.
TEST_P(ModuleTest, NamesThatWeirKeepsAreNoStubs) {
  for (const auto& [module, import] :
       {std::pair("import_of_weir", "weir.limit"), {"import_of_weir_look", "weir-look.other"}}) {
    for (const auto unknown : {runtime::UnknownImports::Stub, runtime::UnknownImports::Reject}) {
      auto chosen = options(module);
      chosen.vm.unknown_imports = unknown;
      EXPECT_EQ(host.refusal(chosen), "plugin 'machine': the module imports '" +
                                          std::string(import) +
                                          "', of a module name that Weir keeps for itself");
    }
  }
}

TEST_P(ModuleTest, AVendorsExtensionIsRefusedByTheNamesOfItsHostcalls) {
  const std::string message = refusal("vendor");
  EXPECT_THAT(message,
              HasSubstr("'env.proxy_redis_init' (i32, i32, i32, i32, i32, i32, i32) -> i32"));
  EXPECT_THAT(message, HasSubstr("'env.proxy_redis_call' (i32, i32, i32) -> i32"));
  EXPECT_THAT(message, HasSubstr("'wasi_unstable.path_watch' () -> i32"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("sched_yield")));
}

TEST_P(ModuleTest, ByOptionUnknownHostcallsAnswerWithAStatus) {
  auto lenient = options("vendor");
  lenient.vm.unknown_imports = runtime::UnknownImports::Stub;
  auto loaded = host.host.load(lenient);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(host.log.has("wasm [machine]: again"));
  EXPECT_TRUE(
      host.log.has("proxy_redis_init: this function is unknown to Weir; it answers "
                   "UNIMPLEMENTED"));
}

// Not every engine can call out for several values.
TEST_P(ModuleTest, AnUnknownHostcallOfSeveralResultsAnswersZerosOrIsRefusedByName) {
  auto lenient = options("several_results");
  lenient.vm.unknown_imports = runtime::UnknownImports::Stub;
  auto loaded = host.host.load(lenient);
  if (loaded.ok()) return;
  EXPECT_THAT(
      loaded.error().message,
      ::testing::MatchesRegex(
          "plugin 'machine': engine 'wamr[a-z-]*': import env.proxy_two has several results.*"));
  GTEST_SKIP() << GetParam() << " has no imports with several results";
}

TEST_P(ModuleTest, NamesMayHaveAnyCharacterOrAreRefusedByTheEnginesName) {
  auto lenient = options("names_with_nul");
  lenient.vm.unknown_imports = runtime::UnknownImports::Stub;
  auto loaded = host.host.load(lenient);
  if (loaded.ok()) return;
  EXPECT_THAT(loaded.error().message,
              ::testing::MatchesRegex("plugin 'machine': engine 'wamr[a-z-]*': .*"));
  GTEST_SKIP() << GetParam() << " has no names with a NUL byte";
}

TEST_P(ModuleTest, AModuleWithoutMemoryHasNoAddresses) {
  EXPECT_THAT(log_of("no_memory"), ElementsAre("wasm [machine]: "));
}

// A plugin with a table of that size: flags, the least and, where they say so, the most.
std::string module_with_table(std::string_view size) {
  using namespace wasm;
  return kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv) +
         section(4, "\1\x70" + std::string(size)) +
         export_section("\2" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s) +
         code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
}

TEST_P(ModuleTest, AModuleThatStartsAboveItsCeilingIsRefused) {
  auto small = options("large_memory");
  small.vm.limits.max_memory_bytes = 8 << 20;
  EXPECT_EQ(host.refusal(small),
            "plugin 'machine': the module begins with 16777216 bytes of memory, "
            "limits.max_memory_bytes is 8388608");
  small.vm.limits.max_memory_bytes = 16 << 20;
  EXPECT_TRUE(host.host.load(small).ok());
}

TEST_P(ModuleTest, SeveralTablesHaveNoMoreThanOneMay) {
  if (!capabilities_of(GetParam()).reference_types) {
    GTEST_SKIP() << GetParam() << " has no reference types";
  }
  EXPECT_THAT(refusal("large_tables"), StartsWith("plugin 'machine': start: no_resources"));
  const auto loaded = host.host.load(options("growing_tables"));
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
}

TEST_P(ModuleTest, ATableThatGrowsIsTakenOrRefusedWithTheReason) {
  if (!capabilities_of(GetParam()).reference_types) {
    GTEST_SKIP() << GetParam() << " has no reference types";
  }
  const auto loaded = host.host.load(options("doubled_table"));
  ASSERT_EQ(loaded.ok(), !GetParam().starts_with("wamr"));
  if (loaded.ok()) return;
  EXPECT_THAT(loaded.error().message,
              HasSubstr("tables of 1200000 elements exceed the limit of 1048576: WAMR makes room"));
}

TEST_P(ModuleTest, ATableThatNoInstanceMayHaveIsRefusedForItsSize) {
  for (const std::string_view size : {"\0\x80\xa8\xd6\xb9\7"sv,    // 2,000,000,000
                                      "\0\x80\xd0\xac\xf3\x0e"sv,  // 4,000,000,000
                                      "\1\x80\xd0\xac\xf3\x0e\xff\xff\xff\xff\x0f"sv}) {
    auto large = options("no_marker");
    large.vm.code = module_with_table(size);
    EXPECT_THAT(host.refusal(large), StartsWith("plugin 'machine': start: no_resources"));
  }
  auto small = options("no_marker");
  small.vm.code = module_with_table("\1\1\xff\xff\xff\xff\x0f"sv);
  const auto loaded = host.host.load(small);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
}

// A plugin with a table of 200,000 elements, and so many segments that fill half of it.
std::string module_with_segments(size_t count) {
  using namespace wasm;
  constexpr size_t kEntries = 100'000;
  std::string segments = leb(count);
  for (size_t i = 0; i < count; ++i) {
    segments += "\0\x41\0\x0b"s + leb(kEntries) + std::string(kEntries, '\0');
  }
  return kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv) +
         section(4, "\1\x70\0"s + leb(2 * kEntries)) +
         export_section("\2" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s) +
         section(9, segments) + code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
}

// No deadline ends what is done with them: 4 MB of them took V8 seconds, for each instance.
TEST_P(ModuleTest, MoreElementsInSegmentsThanAnInstanceIsToBeginWithAreRefused) {
  auto segments = options("no_marker");
  segments.vm.code = module_with_segments(3);
  EXPECT_EQ(host.refusal(segments),
            "plugin 'machine': the module's element segments have 300003 entries or more, where "
            "262144 are allowed: each instance begins with all of them");
  segments.vm.code = module_with_segments(2);
  const auto loaded = host.host.load(segments);
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
}

// A plugin with a function of so many local variables, of 64 bits.
std::string module_with_locals(uint64_t count) {
  using namespace wasm;
  const std::string body = "\1" + leb(count) + "\x7e\x0b";
  return kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv) +
         export_section("\2" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s) +
         code_section("\2" + leb(body.size()) + body + "\4\0\x20\0\x0b"s);
}

TEST_P(ModuleTest, MoreLocalsThanAnEngineHasRoomForAreRefusedInItsName) {
  auto plugin = options("no_marker");
  plugin.vm.code = module_with_locals(40'000);
  const auto loaded = host.host.load(plugin);
  if (loaded.ok()) return;
  EXPECT_THAT(loaded.error().message,
              ::testing::MatchesRegex("plugin 'machine': engine '[a-z-]+': WAMR has "
                                      "no room for so many locals in a function.*"));
}

// A section of names, those of functions: as it counts them, and each behind its function.
std::string names_of_functions(const std::string& names) {
  using namespace wasm;
  return custom("name", "\1" + leb(names.size()) + names);
}

// A plugin that traps as it starts, in its function 3, which 2 has called; with more sections
// before all others, and behind them.
std::string trapping_module(const std::string& before, const std::string& behind) {
  using namespace wasm;
  return kPreamble + before + type_section("\3\x60\0\0\x60\1\x7f\1\x7f\x60\2\x7f\x7f\1\x7f"sv) +
         function_section("\4\0\1\2\0"sv) + memory_section("\1\0\1"sv) +
         export_section("\4" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s + name("memory") + "\2\0"s + name("proxy_on_vm_start") + "\0\2"s) +
         code_section("\4\2\0\x0b\5\0\x41\x80\x08\x0b\6\0\x10\3\x41\0\x0b\3\0\0\x0b"sv) + behind;
}

std::string trapping_module_of_names(std::string_view name_of_2, std::string_view name_of_3) {
  using namespace wasm;
  return trapping_module({}, names_of_functions("\2\2" + name(name_of_2) + "\3" + name(name_of_3)));
}

TEST_P(ModuleTest, NamesOfAnyLengthAndBytesAreShownAsFarAsTheyCanBe) {
  if (!capabilities_of(GetParam()).function_names) {
    GTEST_SKIP() << GetParam() << " has no names of functions";
  }
  auto plugin = options("no_marker");
  plugin.vm.code = trapping_module_of_names(std::string(100'000, 'x'), "last");
  const std::string told = host.refusal(plugin);
  EXPECT_THAT(told, HasSubstr("last (func 3"));
  EXPECT_THAT(told, HasSubstr(" < " + std::string(256, 'x') + "... (func 2"));
  // Engines leave such names out, or hand them on.
  plugin.vm.code = trapping_module_of_names("caller", "\xff\x1b[0m");
  EXPECT_THAT(host.refusal(plugin),
              ::testing::AllOf(HasSubstr("caller (func 2"), ::testing::Not(HasSubstr("\xff")),
                               ::testing::Not(HasSubstr("\x1b"))));
}

// A section of names is a custom one: a module is valid whatever lies in it.
TEST_P(ModuleTest, NamesThatAreOddRefuseNoModule) {
  using namespace wasm;
  const std::string usual = names_of_functions("\2\2" + name("caller") + "\3" + name("last"));
  const std::string beyond =
      names_of_functions("\3\2" + name("caller") + "\3" + name("last") + "\4" + name("absent"));
  const std::string far = names_of_functions("\3\2" + name("caller") + "\3" + name("last") +
                                             "\xff\xff\xff\xff\x0f" + name("absent"));
  const auto told = [&](const std::string& before, const std::string& behind) {
    auto plugin = options("no_marker");
    plugin.vm.code = trapping_module(before, behind);
    const std::string refusal = host.refusal(plugin);
    EXPECT_THAT(refusal, HasSubstr("unreachable"));
    return refusal;
  };
  const bool shows_names = capabilities_of(GetParam()).function_names;
  for (const std::string& names : {usual, beyond, far}) {
    const std::string line = told({}, names);
    if (!shows_names) continue;
    EXPECT_THAT(line, ::testing::AllOf(HasSubstr("last (func 3"), HasSubstr("caller (func 2")));
  }
  // Engines show of these what they like.
  told(usual, {});
  told(beyond, usual);
  told({}, usual + beyond);
  told({}, custom("name", ""));
  told({}, custom("name", "\1"));
  told({}, custom("name", "\1\x7f\1\2" + name("too short")));
  told({}, custom("name", "\x80\x80\x80\x80\x80\x80\x80"));
  told({}, names_of_functions("\xff\xff\xff\xff\x0f\2" + name("of many")));
  told({}, names_of_functions("\2\3" + name("last") + "\2" + name("out of order")));
  told({}, names_of_functions("\2\2" + name("caller") + "\2" + name("twice")));
  told({}, names_of_functions("\1\2\x7f" + std::string("beyond the end")));
}

TEST_P(ModuleTest, WhatIsNoModuleIsRefused) {
  auto broken = options("entry_start");
  broken.vm.code = "not wasm";
  EXPECT_THAT(host.refusal(broken), StartsWith("plugin 'machine': "));
  broken.vm.code = conformance_module("machine").substr(0, 1000);
  EXPECT_THAT(host.refusal(broken), StartsWith("plugin 'machine': "));
}

// A plugin with a function of so many blocks in each other, which are loops where `begin` says so.
std::string nested_module(std::string_view begin, size_t depth) {
  using namespace wasm;
  const auto body = [](const std::string& code) {
    const std::string whole = "\0"s + code + "\x0b";
    return leb(whole.size()) + whole;
  };
  std::string nested;
  for (size_t i = 0; i < depth; ++i) nested += begin;
  nested += std::string(depth, '\x0b');
  return kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv) +
         memory_section("\1\0\1"sv) +
         export_section("\3" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s + name("memory") + "\2\0"s) +
         code_section("\2" + body(nested) + body("\x20\0"s));
}

// Compilers take time with the square of the depth: this one, of 180 kB, occupied one for minutes.
TEST_P(ModuleTest, BlocksTooDeepInEachOtherAreRefusedBeforeTheyAreCompiled) {
  auto deep = options("no_marker");
  for (const std::string_view begin : {"\2\x40", "\3\x40"}) {
    deep.vm.code = nested_module(begin, 60'000);
    EXPECT_THAT(host.refusal(deep),
                StartsWith("plugin 'machine': function 0 has more than 4096 blocks in each other"));
  }
  deep.vm.code = nested_module("\2\x40", 600);  // what real compilers come to
  EXPECT_TRUE(host.host.load(deep).ok());
}

INSTANTIATE_TEST_SUITE_P(Engines, ModuleTest, ::testing::ValuesIn(wasm_engines()), engine_name);

}  // namespace
}  // namespace weir::test
