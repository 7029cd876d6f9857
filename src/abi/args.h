#pragma once
// How hostcall parameters cross the boundary: Arg<T> gives the wasm types of a C++ parameter type,
// its decoding and its checks. A new kind of parameter is a new Arg.

#include <array>
#include <string_view>
#include <type_traits>

#include "abi/host_call.h"
#include "abi/map_codec.h"
#include "abi/types.h"

namespace weir::abi {

// A number in the guest's own width: a size or an offset. 32 bits from wasm, 64 from native code.
struct Size {
  uint64_t value = 0;
};

// An address that is not checked yet, for structures that a hostcall walks itself.
struct Address {
  uint64_t value = 0;
};

// Bytes of the guest, bounds-checked: address and length. Valid until the guest runs again, which
// is until the hostcall allocates.
struct GuestBytes {
  std::string_view view;
};

// A serialized header map of the guest, decoded. Malformed: `ok` is false.
struct GuestMap {
  HeaderList headers;
  bool ok = false;
};

// Where the guest wants a T, bounds-checked. A Size is written in the guest's word size.
template <typename T>
class GuestOut {
 public:
  GuestOut() = default;
  explicit GuestOut(uint64_t address) : address_(address) {}

  void set(HostCall& call, T value) const {
    if constexpr (std::is_same_v<T, Size>) {
      if (call.memory().word_bytes() == 8) {
        store(call.memory().at(address_, 8), value.value);
      } else {
        store(call.memory().at(address_, 4), static_cast<uint32_t>(value.value));
      }
    } else {
      store(call.memory().at(address_, sizeof(T)), value);
    }
  }

 private:
  uint64_t address_ = 0;
};

// Where the guest wants the address and the length of a value that the host allocates in the
// guest's memory (P**, S*), bounds-checked.
class GuestValue {
 public:
  GuestValue() = default;
  GuestValue(uint64_t pointer_at, uint64_t size_at) : pointer_at_(pointer_at), size_at_(size_at) {}

  // Hands over `size` bytes, which `fill` writes straight into the guest. Nothing is allocated for
  // size 0: the guest gets address 0 and length 0, which no SDK mistakes.
  template <typename Fill>
  Status set(HostCall& call, uint64_t size, Fill&& fill) const {
    uint64_t address = 0;
    if (size != 0) {
      if (Status status = call.allocate(size, address); status != Status::Ok) return status;
      fill(std::span(call.memory().at(address, size), size));
    }
    GuestOut<Size>(pointer_at_).set(call, {address});
    GuestOut<Size>(size_at_).set(call, {size});
    return Status::Ok;
  }

  Status set(HostCall& call, Bytes bytes) const {
    return set(call, bytes.size(), [&](std::span<std::byte> to) {
      std::memcpy(to.data(), bytes.data(), bytes.size());
    });
  }

 private:
  uint64_t pointer_at_ = 0;
  uint64_t size_at_ = 0;
};

// A GuestValue that the guest may not want: either address may be 0.
struct OptionalGuestValue {
  GuestValue value;
  bool wanted = false;
};

// An enum that the guest passes names its last value `Last`.
template <typename E>
concept GuestEnum = std::is_enum_v<E> && requires {
  E::Last;
};

template <typename>
inline constexpr bool kAlwaysFalse = false;

// kWire: the wasm types. decode(): from the slots at `in` to `out`; a Status other than Ok is the
// hostcall's answer.
template <typename T>
struct Arg {
  static_assert(kAlwaysFalse<T>, "this type does not cross the wasm boundary: specialise Arg");
};

template <>
struct Arg<uint32_t> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, uint32_t& out) {
    out = static_cast<uint32_t>(in[0]);
    return Status::Ok;
  }
};

template <>
struct Arg<int32_t> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, int32_t& out) {
    out = static_cast<int32_t>(static_cast<uint32_t>(in[0]));
    return Status::Ok;
  }
};

template <>
struct Arg<uint64_t> {
  static constexpr std::array kWire{ValType::I64};
  static Status decode(const uint64_t* in, HostCall&, uint64_t& out) {
    out = in[0];
    return Status::Ok;
  }
};

template <>
struct Arg<int64_t> {
  static constexpr std::array kWire{ValType::I64};
  static Status decode(const uint64_t* in, HostCall&, int64_t& out) {
    out = static_cast<int64_t>(in[0]);
    return Status::Ok;
  }
};

template <>
struct Arg<Size> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, Size& out) {
    out.value = in[0];
    return Status::Ok;
  }
};

template <>
struct Arg<Address> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, Address& out) {
    out.value = in[0];
    return Status::Ok;
  }
};

template <>
struct Arg<ContextId> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, ContextId& out) {
    out = static_cast<ContextId>(in[0]);
    return Status::Ok;
  }
};

template <GuestEnum E>
struct Arg<E> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, E& out) {
    const auto value = static_cast<uint32_t>(in[0]);
    if (value > static_cast<uint32_t>(E::Last)) return Status::BadArgument;
    out = static_cast<E>(value);
    return Status::Ok;
  }
};

// Any value but 0 is yes, as in C.
template <>
struct Arg<EndOfStream> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall&, EndOfStream& out) {
    out = static_cast<uint32_t>(in[0]) != 0 ? EndOfStream::Yes : EndOfStream::No;
    return Status::Ok;
  }
};

template <>
struct Arg<GuestBytes> {
  static constexpr std::array kWire{ValType::I32, ValType::I32};
  static Status decode(const uint64_t* in, HostCall& call, GuestBytes& out) {
    if (in[1] == 0) return Status::Ok;  // SDKs pass any address with length 0, null too.
    const std::byte* at = call.memory().at(in[0], in[1]);
    if (at == nullptr) return Status::InvalidMemoryAccess;
    out.view = as_text({at, in[1]});
    return Status::Ok;
  }
};

template <>
struct Arg<GuestMap> {
  static constexpr std::array kWire{ValType::I32, ValType::I32};
  static Status decode(const uint64_t* in, HostCall& call, GuestMap& out) {
    GuestBytes bytes;
    if (Status status = Arg<GuestBytes>::decode(in, call, bytes); status != Status::Ok) {
      return status;
    }
    out.ok = decode_map(as_bytes(bytes.view), [&](std::string_view name, std::string_view value) {
      return out.headers.add(name, value);
    });
    return Status::Ok;
  }
};

template <typename T>
struct Arg<GuestOut<T>> {
  static constexpr std::array kWire{ValType::I32};
  static Status decode(const uint64_t* in, HostCall& call, GuestOut<T>& out) {
    const uint64_t size = std::is_same_v<T, Size> ? call.memory().word_bytes() : sizeof(T);
    if (!call.memory().contains(in[0], size)) return Status::InvalidMemoryAccess;
    out = GuestOut<T>(in[0]);
    return Status::Ok;
  }
};

template <>
struct Arg<GuestValue> {
  static constexpr std::array kWire{ValType::I32, ValType::I32};
  static Status decode(const uint64_t* in, HostCall& call, GuestValue& out) {
    const uint64_t word = call.memory().word_bytes();
    if (!call.memory().contains(in[0], word) || !call.memory().contains(in[1], word)) {
      return Status::InvalidMemoryAccess;
    }
    out = GuestValue(in[0], in[1]);
    return Status::Ok;
  }
};

template <>
struct Arg<OptionalGuestValue> {
  static constexpr std::array kWire{ValType::I32, ValType::I32};
  static Status decode(const uint64_t* in, HostCall& call, OptionalGuestValue& out) {
    out.wanted = in[0] != 0 && in[1] != 0;
    return out.wanted ? Arg<GuestValue>::decode(in, call, out.value) : Status::Ok;
  }
};

}  // namespace weir::abi
