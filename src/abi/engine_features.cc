#include "abi/engine_features.h"

#include <string>

namespace weir::abi {

using wasm::Feature;
using wasm::FeatureSet;

FeatureSet features_of(const engine::Capabilities& can) {
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
  return features;
}

Error explain_refusal(const engine::Engine& engine, Bytes wasm, Error refusal) {
  const auto used = wasm::read_features(wasm);
  if (!used.ok()) return refusal;
  const FeatureSet lacking = used.value().without(features_of(engine.capabilities()));
  if (lacking.empty()) return refusal;
  return Error{ErrorCode::Unsupported,
               "the module uses " + to_string(lacking) + ", which engine '" + engine.info().name +
                   "' does not have: build it without, or choose another engine"};
}

}  // namespace weir::abi
