// Imports of every shape, and memory that grows: what tools other than the SDKs make of a module.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class ImportTest : public MachineTest {
 protected:
  // Makes that module of the folder the plugin.
  void use(std::string_view module) { options = machine_options(GetParam(), module); }

  // The lines that the plugin logs while it is loaded.
  std::vector<std::string> log_of_loading() {
    auto loaded = host.host.load(options);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    std::vector<std::string> lines;
    for (const auto& line : host.log.take()) {
      if (line.level == LogLevel::Info) lines.push_back(line.text);
    }
    return lines;
  }

  std::string refusal_of(std::string_view module) {
    use(module);
    return host.refusal(options);
  }
};

TEST_P(ImportTest, AFunctionMayBeImportedSeveralTimes) {
  use("duplicate_imports");
  EXPECT_THAT(log_of_loading(), ElementsAre("wasm [machine]: call", "wasm [machine]: call",
                                            "wasm [machine]: table", "wasm [machine]: table"));
}

TEST_P(ImportTest, AnImportThatIsExportedIsACallback) {
  use("duplicate_imports");
  start();
  open();
  host.log.take();
  // proxy_log(context, headers, end): the context 2 as a level, and a text of no bytes.
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  const auto lines = host.log.take();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text, "wasm [machine]: ");
}

TEST_P(ImportTest, ADuplicateOfAnotherTypeIsRefused) {
  EXPECT_EQ(refusal_of("duplicate_import_of_two_types"),
            "plugin 'machine': the module imports functions that Weir does not have: "
            "'env.proxy_log' (i64, i32, i32) -> i32, which Weir has with another type");
}

TEST_P(ImportTest, FunctionsOfEveryTypeCanBeStubs) {
  use("import_every_type");
  options.vm.unknown_imports = runtime::UnknownImports::Stub;
  EXPECT_TRUE(host.host.load(options).ok());
  EXPECT_TRUE(host.log.has("wide: this function is unknown to Weir; it does nothing"));
  EXPECT_TRUE(host.log.has("i32: this function is unknown to Weir; it answers UNIMPLEMENTED"));
}

TEST_P(ImportTest, FunctionsOfEveryTypeAreNamedWhereTheyAreRefused) {
  const std::string message = refusal_of("import_every_type");
  EXPECT_THAT(message,
              HasSubstr("'env.none' () -> (); 'env.i32' (i32) -> i32; 'env.i64' (i64) -> "
                        "i64; 'env.f32' (f32) -> f32; 'env.f64' (f64) -> f64; "
                        "'env.mixed' (i32, f64, i64, f32, i32) -> f64; 'env.wide' (i32, "));
}

TEST_P(ImportTest, WhatIsNoFunctionIsRefusedByItsName) {
  for (const std::string kind : {"memory", "table", "global"}) {
    EXPECT_THAT(refusal_of("import_" + kind),
                StartsWith("plugin 'machine': the module imports the " + kind + " 'env."));
  }
}

TEST_P(ImportTest, FunctionsOfTypesThatCannotCrossAreRefusedByName) {
  EXPECT_EQ(refusal_of("import_of_vector"),
            "plugin 'machine': imported function 'env'.'vector' cannot be supplied: it uses v128");
  EXPECT_EQ(refusal_of("import_of_reference"),
            "plugin 'machine': imported function 'env'.'reference' cannot be supplied: it uses "
            "externref");
}

TEST_P(ImportTest, MemoryGrowsToTheModulesOwnMaximum) {
  use("growth");
  EXPECT_THAT(log_of_loading(), ElementsAre("wasm [machine]: grown", "wasm [machine]: grown",
                                            "wasm [machine]: grown", "wasm [machine]: grown"));
  request_headers();
  EXPECT_EQ(host.counter("wasm.machine.failed.memory_bounds"), 1u);
}

TEST_P(ImportTest, ALowerCeilingHoldsInPlaceOfTheModulesMaximum) {
  use("growth");
  options.vm.limits.max_memory_bytes = 4 * 65536;
  EXPECT_THAT(host.refusal(options), StartsWith("plugin 'machine': proxy_on_configure: "));
  std::vector<std::string> grown;
  for (const auto& line : host.log.take()) {
    if (line.text == "wasm [machine]: grown") grown.push_back(line.text);
  }
  EXPECT_EQ(grown.size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Engines, ImportTest, ::testing::ValuesIn(wasm_engines()), engine_name);

}  // namespace
}  // namespace weir::test
