#pragma once
// Which extensions of WebAssembly a module uses, beyond what every engine has: multiple values,
// bulk memory operations, sign extension, saturating conversions, mutable globals.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::wasm {

enum class Feature : uint8_t {
  ReferenceTypes,  // references as values, several tables, instructions on tables
  Simd,
  RelaxedSimd,
  TailCalls,
  Exceptions,        // as standardised: try_table
  LegacyExceptions,  // the older form: try, catch
  ExtendedConstants,
  SeveralMemories,
  LargeMemory,  // addresses of 64 bits
  LargeTable,   // the same of a table
  CustomPageSizes,
  Threads,
  LongReferences,      // (ref null func) for funcref, which is the same type
  FunctionReferences,  // typed ones
  GarbageCollection,
  WideArithmetic,  // on integers of 128 bits, in two halves
  StackSwitching,  // continuations
  Last = StackSwitching,
};

// As it stands in "the module uses SIMD".
std::string_view to_string(Feature);

class FeatureSet {
 public:
  constexpr FeatureSet() = default;
  constexpr FeatureSet(std::initializer_list<Feature> features) {
    for (const Feature feature : features) add(feature);
  }

  constexpr void add(Feature feature) { bits_ |= bit(feature); }
  constexpr bool has(Feature feature) const { return (bits_ & bit(feature)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(FeatureSet others) const { return (others.bits_ & ~bits_) == 0; }
  constexpr FeatureSet without(FeatureSet others) const {
    FeatureSet left;
    left.bits_ = bits_ & ~others.bits_;
    return left;
  }
  friend constexpr bool operator==(FeatureSet, FeatureSet) = default;

 private:
  static constexpr uint32_t bit(Feature feature) { return 1u << static_cast<unsigned>(feature); }

  uint32_t bits_ = 0;
};

std::vector<std::string_view> names_of(FeatureSet);

// "SIMD", "SIMD and tail calls", "SIMD, tail calls and exceptions".
std::string to_string(FeatureSet);

// Reads the whole module. What is malformed is an error of read_any_module() or of
// read_instruction().
Result<FeatureSet> read_features(Bytes wasm);

}  // namespace weir::wasm
