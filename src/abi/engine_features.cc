#include "abi/engine_features.h"

#include <algorithm>
#include <span>
#include <string>

namespace weir::abi {
namespace {

using wasm::Feature;
using wasm::FeatureSet;

struct EngineFeatures {
  std::string_view engine;
  FeatureSet features;
};

// To name other engines without opening them. FeatureTest compares it with what they say and do.
std::span<const EngineFeatures> features_by_engine() {
  using enum wasm::Feature;
  static constexpr EngineFeatures kEngines[] = {
      {"wasmtime",
       {ReferenceTypes, Simd, RelaxedSimd, TailCalls, Exceptions, ExtendedConstants, LongReferences,
        WideArithmetic}},
      {"v8", {ReferenceTypes, Simd, LegacyExceptions}},
      {"wamr", {ReferenceTypes, TailCalls, ExtendedConstants}},
      {"wamr-aot", {ReferenceTypes, Simd, ExtendedConstants}},
      {"wamr-jit", {ReferenceTypes, Simd, ExtendedConstants}},
      {"wasmedge", {ReferenceTypes, Simd, ExtendedConstants}},
      {"wasmedge-aot", {ReferenceTypes, Simd, ExtendedConstants}},
  };
  return kEngines;
}

FeatureSet listed_for(std::string_view engine) {
  const auto engines = features_by_engine();
  const auto found = std::ranges::find(engines, engine, &EngineFeatures::engine);
  return found == engines.end() ? FeatureSet() : found->features;
}

// What else there is to do, for a module that uses all of these.
std::string others_with(FeatureSet used) {
  const auto engines = engines_with(used);
  std::string text = engines.empty() ? ", nor has any other: build it without"
                                     : ": build it without, or choose another engine: ";
  for (size_t i = 0; i < engines.size(); ++i) {
    if (i > 0) text += i + 1 == engines.size() ? " or " : ", ";
    text += engines[i];
  }
  return text;
}

}  // namespace

FeatureSet features_of(const engine::Engine& engine) {
  const engine::Capabilities can = engine.capabilities();
  FeatureSet features;
  const auto add = [&](bool has, Feature feature) {
    if (has) features.add(feature);
  };
  add(can.reference_types, Feature::ReferenceTypes);
  add(can.simd, Feature::Simd);
  add(can.relaxed_simd, Feature::RelaxedSimd);
  add(can.tail_calls, Feature::TailCalls);
  add(can.exceptions, Feature::Exceptions);
  add(can.legacy_exceptions, Feature::LegacyExceptions);
  add(can.extended_constants, Feature::ExtendedConstants);
  // No adapter tells of these.
  const FeatureSet listed = listed_for(engine.info().name);
  for (const Feature feature : {Feature::LongReferences, Feature::WideArithmetic}) {
    add(listed.has(feature), feature);
  }
  return features;
}

std::vector<std::string_view> engines_with(FeatureSet features) {
  std::vector<std::string_view> names;
  for (const EngineFeatures& each : features_by_engine()) {
    if (each.features.has(features)) names.push_back(each.engine);
  }
  return names;
}

Error explain_refusal(const engine::Engine& engine, Bytes wasm, Error refusal) {
  const auto used = wasm::read_features(wasm);
  if (!used.ok()) return refusal;
  const FeatureSet lacking = used.value().without(features_of(engine));
  if (lacking.empty()) return refusal;
  return Error{ErrorCode::Unsupported, "the module uses " + to_string(lacking) +
                                           ", which engine '" + engine.info().name +
                                           "' does not have" + others_with(used.value())};
}

}  // namespace weir::abi
