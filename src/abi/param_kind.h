#pragma once
// What a hostcall's parameter means, for those who show calls to people.

#include <cstdint>

#include "abi/args.h"

namespace weir::abi {

enum class ParamKind : uint8_t {
  Number,
  SignedNumber,
  Address,
  Context,
  EndOfStream,
  Level,
  Map,
  Buffer,
  Stream,
  Metric,
  Bytes,    // two slots: address and length
  Pairs,    // likewise, a serialized header map
  Out32,    // where the host writes
  Out64,    // likewise
  OutWord,  // likewise, in the guest's width
  Value,    // two slots: where the host writes an address and a length
};

template <typename T>
struct KindOf {
  static constexpr ParamKind kKind = ParamKind::Number;
};
template <ParamKind Kind>
struct IsKind {
  static constexpr ParamKind kKind = Kind;
};
template <>
struct KindOf<int32_t> : IsKind<ParamKind::SignedNumber> {};
template <>
struct KindOf<int64_t> : IsKind<ParamKind::SignedNumber> {};
template <>
struct KindOf<Address> : IsKind<ParamKind::Address> {};
template <>
struct KindOf<ContextId> : IsKind<ParamKind::Context> {};
template <>
struct KindOf<EndOfStream> : IsKind<ParamKind::EndOfStream> {};
template <>
struct KindOf<LogLevel> : IsKind<ParamKind::Level> {};
template <>
struct KindOf<MapType> : IsKind<ParamKind::Map> {};
template <>
struct KindOf<BufferType> : IsKind<ParamKind::Buffer> {};
template <>
struct KindOf<StreamType> : IsKind<ParamKind::Stream> {};
template <>
struct KindOf<MetricType> : IsKind<ParamKind::Metric> {};
template <>
struct KindOf<GuestBytes> : IsKind<ParamKind::Bytes> {};
template <>
struct KindOf<GuestMap> : IsKind<ParamKind::Pairs> {};
template <>
struct KindOf<GuestValue> : IsKind<ParamKind::Value> {};
template <>
struct KindOf<OptionalGuestValue> : IsKind<ParamKind::Value> {};
template <>
struct KindOf<GuestOut<uint32_t>> : IsKind<ParamKind::Out32> {};
template <>
struct KindOf<GuestOut<uint64_t>> : IsKind<ParamKind::Out64> {};
template <>
struct KindOf<GuestOut<Size>> : IsKind<ParamKind::OutWord> {};
template <typename T>
struct KindOf<GuestOut<T>> : IsKind<ParamKind::Address> {};

// How many slots such a parameter takes.
constexpr size_t slots_of(ParamKind kind) {
  return kind == ParamKind::Bytes || kind == ParamKind::Pairs || kind == ParamKind::Value ? 2 : 1;
}

}  // namespace weir::abi
