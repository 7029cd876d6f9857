// Which extensions of WebAssembly a module may use: those that compilers use unasked run on every
// engine, and each other one either works or is refused by its name.

#include <span>

#include "abi/engine_features.h"
#include "conformance/machine_test.h"
#include "module/features.h"

namespace weir::test {
namespace {

using wasm::Feature;
using wasm::FeatureSet;

// Translated beforehand, since wabt does not know it:
//   (tag $thrown (param i32))
//   (func $throw (param i32) local.get 0 throw $thrown)
//   (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
//     (block $caught (result i32)
//       (try_table (catch $thrown $caught) i32.const 42 call $throw)
//       i32.const 0)
//     i32.const 42 i32.eq)
constexpr uint8_t kExceptions[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x17, 0x05, 0x60, 0x00, 0x00, 0x60, 0x01,
    0x7f, 0x01, 0x7f, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x00, 0x01,
    0x7f, 0x03, 0x05, 0x04, 0x00, 0x01, 0x03, 0x02, 0x05, 0x03, 0x01, 0x00, 0x01, 0x0d, 0x03, 0x01,
    0x00, 0x03, 0x07, 0x41, 0x04, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x17, 0x70,
    0x72, 0x6f, 0x78, 0x79, 0x5f, 0x61, 0x62, 0x69, 0x5f, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e,
    0x5f, 0x30, 0x5f, 0x32, 0x5f, 0x31, 0x00, 0x00, 0x06, 0x6d, 0x61, 0x6c, 0x6c, 0x6f, 0x63, 0x00,
    0x01, 0x11, 0x70, 0x72, 0x6f, 0x78, 0x79, 0x5f, 0x6f, 0x6e, 0x5f, 0x76, 0x6d, 0x5f, 0x73, 0x74,
    0x61, 0x72, 0x74, 0x00, 0x03, 0x0a, 0x27, 0x04, 0x02, 0x00, 0x0b, 0x05, 0x00, 0x41, 0x80, 0x08,
    0x0b, 0x06, 0x00, 0x20, 0x00, 0x08, 0x00, 0x0b, 0x15, 0x00, 0x02, 0x7f, 0x1f, 0x40, 0x01, 0x00,
    0x00, 0x00, 0x41, 0x2a, 0x10, 0x02, 0x0b, 0x41, 0x00, 0x0b, 0x41, 0x2a, 0x46, 0x0b};

//   (func $one (result i32) i32.const 1)
//   (func (export "proxy_on_vm_start") (param i32 i32) (result i32) ref.func $one call_ref $number)
constexpr uint8_t kFunctionReferences[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x17, 0x05, 0x60, 0x00, 0x00, 0x60, 0x01,
    0x7f, 0x01, 0x7f, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x01, 0x7f, 0x00, 0x60, 0x00, 0x01,
    0x7f, 0x03, 0x05, 0x04, 0x00, 0x01, 0x04, 0x02, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x41, 0x04,
    0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x17, 0x70, 0x72, 0x6f, 0x78, 0x79, 0x5f,
    0x61, 0x62, 0x69, 0x5f, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x5f, 0x30, 0x5f, 0x32, 0x5f,
    0x31, 0x00, 0x00, 0x06, 0x6d, 0x61, 0x6c, 0x6c, 0x6f, 0x63, 0x00, 0x01, 0x11, 0x70, 0x72, 0x6f,
    0x78, 0x79, 0x5f, 0x6f, 0x6e, 0x5f, 0x76, 0x6d, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74, 0x00, 0x03,
    0x09, 0x05, 0x01, 0x03, 0x00, 0x01, 0x02, 0x0a, 0x16, 0x04, 0x02, 0x00, 0x0b, 0x05, 0x00, 0x41,
    0x80, 0x08, 0x0b, 0x04, 0x00, 0x41, 0x01, 0x0b, 0x06, 0x00, 0xd2, 0x02, 0x14, 0x04, 0x0b};

struct FeatureCase {
  Feature feature;
  // A file of modules/; or bytes.
  std::string_view file;
  std::span<const uint8_t> bytes;
  FeatureSet besides;  // what the module uses too

  std::string module() const {
    if (!file.empty()) return conformance_module(file);
    return {bytes.begin(), bytes.end()};
  }
};

// Each answers 1 from proxy_on_vm_start where the feature does as it should.
const std::vector<FeatureCase>& feature_cases() {
  static const std::vector<FeatureCase> cases = {
      {Feature::ReferenceTypes, "feature_reference_types", {}, {}},
      {Feature::Simd, "feature_simd", {}, {}},
      {Feature::RelaxedSimd, "feature_relaxed_simd", {}, {Feature::Simd}},
      {Feature::TailCalls, "feature_tail_calls", {}, {}},
      {Feature::Exceptions, {}, kExceptions, {}},
      {Feature::LegacyExceptions, "feature_legacy_exceptions", {}, {}},
      {Feature::ExtendedConstants, "feature_extended_constants", {}, {}},
      {Feature::SeveralMemories, "feature_several_memories", {}, {}},
      {Feature::Threads, "feature_threads", {}, {}},
      {Feature::FunctionReferences, {}, kFunctionReferences, {Feature::ReferenceTypes}},
  };
  return cases;
}

class FeatureTest : public ::testing::TestWithParam<std::string> {
 protected:
  runtime::PluginOptions options_of(std::string code) {
    auto options = machine_options(GetParam(), "no_marker");
    options.vm.code = std::move(code);
    return options;
  }

  void expect_to_run(std::string_view name, std::string code) {
    auto loaded = host.host.load(options_of(std::move(code)));
    EXPECT_TRUE(loaded.ok()) << name << ": " << loaded.error().message;
  }

  TestHost host;
};

TEST_P(FeatureTest, WhatCompilersUseUnaskedIsThere) {
  for (const std::string_view name : {"bulk_memory", "multi_value", "integers", "mutable_global"}) {
    expect_to_run(name, conformance_module("feature_" + std::string(name)));
  }
}

TEST_P(FeatureTest, AnyOtherFeatureWorksOrIsRefusedByItsName) {
  const auto engine = std::string(adapter_of(GetParam()));
  const FeatureSet there = abi::features_of(capabilities_of(GetParam()));
  for (const FeatureCase& test : feature_cases()) {
    FeatureSet used = test.besides;
    used.add(test.feature);
    const FeatureSet lacking = used.without(there);
    if (lacking.empty()) {
      expect_to_run(to_string(test.feature), test.module());
      continue;
    }
    EXPECT_EQ(host.refusal(options_of(test.module())),
              "plugin 'machine': the module uses " + to_string(lacking) + ", which engine '" +
                  engine + "' does not have: build it without, or choose another engine");
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, FeatureTest, ::testing::ValuesIn(wasm_engines()), engine_name);

TEST(FeaturesTest, AreReadFromTheModule) {
  for (const FeatureCase& test : feature_cases()) {
    FeatureSet used = test.besides;
    used.add(test.feature);
    const std::string module = test.module();
    const auto read = wasm::read_features(as_bytes(module));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(to_string(read.value()), to_string(used));
  }
}

TEST(FeaturesTest, OfModulesThatEveryEngineTakesAreNone) {
  for (const std::string_view name : {"machine", "feature_bulk_memory", "feature_multi_value",
                                      "feature_integers", "feature_mutable_global"}) {
    const std::string module = conformance_module(name);
    const auto read = wasm::read_features(as_bytes(module));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_TRUE(read.value().empty()) << name << ": " << to_string(read.value());
  }
}

}  // namespace
}  // namespace weir::test
