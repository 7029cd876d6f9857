#pragma once
// A hostcall is a plain C++ function. Its parameter types give the wasm signature, the decoding and
// the checks; the tables of rows are the only lists of names in the project.

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <tuple>

#include "abi/args.h"
#include "abi/host_call.h"
#include "abi/param_kind.h"
#include "base/func_type.h"
#include "engine/engine.h"

namespace weir::abi {

// The errno of WASI (preview 1, "errno").
enum class Errno : uint32_t {
  Success = 0,
  BadF = 8,
  Fault = 21,
  Inval = 28,
  NoEnt = 44,
  NoSys = 52,
  SPipe = 70,
  NotDir = 20,
  NotSup = 58,
  NotCapable = 76,
};

// When a guest may make a hostcall. Out of turn it traps.
enum class Callable : uint8_t {
  Anytime,    // also while the module starts, and from its allocator
  InContext,  // only within a callback
};

// How what a handler returns goes into the result slot, and what a parameter that does not decode
// becomes.
template <typename R>
struct Answer {
  static constexpr std::array kWire{ValType::I32};
  static void put(uint64_t* slots, R value) { slots[0] = static_cast<uint32_t>(value); }
};
template <>
struct Answer<void> {
  static constexpr std::array<ValType, 0> kWire{};
};

template <typename R>
constexpr R refusal(Status status) {
  if constexpr (std::is_same_v<R, Errno>) {
    return status == Status::InvalidMemoryAccess ? Errno::Fault : Errno::Inval;
  } else {
    return static_cast<R>(status);
  }
}

template <typename... Args>
inline constexpr auto kWireOf = [] {
  std::array<ValType, (Arg<Args>::kWire.size() + ... + 0)> all{};
  [[maybe_unused]] auto end = all.begin();
  ((end = std::ranges::copy(Arg<Args>::kWire, end).out), ...);
  return all;
}();

using Invoke = void (*)(HostCall&, uint64_t* slots) noexcept;

// One row of a hostcall table.
struct Hostcall {
  std::string_view name;
  Signature signature;
  Callable when = Callable::InContext;
  Invoke invoke = nullptr;
  std::span<const ParamKind> params = {};  // what they mean, in the order of the signature
};

template <auto Handler>
struct Binding;

template <typename R, typename... Args, R (*Handler)(HostCall&, Args...)>
struct Binding<Handler> {
  static constexpr Signature kSignature{kWireOf<std::remove_cvref_t<Args>...>, Answer<R>::kWire};
  static constexpr std::array<ParamKind, sizeof...(Args)> kParams{
      KindOf<std::remove_cvref_t<Args>>::kKind...};

  static void invoke(HostCall& call, uint64_t* slots) noexcept {
    std::tuple<std::remove_cvref_t<Args>...> args{};
    [[maybe_unused]] const uint64_t* next = slots;
    Status status = Status::Ok;
    std::apply(
        [&](auto&... arg) {
          // Stops at the first parameter that does not decode, in the order of the signature.
          static_cast<void>(((status = decode(next, call, arg), status == Status::Ok) && ...));
        },
        args);
    if constexpr (std::is_void_v<R>) {
      if (status == Status::Ok) std::apply([&](auto&... arg) { Handler(call, arg...); }, args);
    } else {
      Answer<R>::put(slots,
                     status == Status::Ok
                         ? std::apply([&](auto&... arg) { return Handler(call, arg...); }, args)
                         : refusal<R>(status));
    }
  }

 private:
  template <typename T>
  static Status decode(const uint64_t*& next, HostCall& call, T& out) {
    const uint64_t* in = next;
    next += Arg<T>::kWire.size();
    return Arg<T>::decode(in, call, out);
  }
};

template <auto Handler>
constexpr Hostcall hostcall(std::string_view name, Callable when = Callable::InContext) {
  using B = Binding<Handler>;
  return {name, B::kSignature, when, &B::invoke, B::kParams};
}

// The tables, by subject. `env` for all but the last.
std::span<const Hostcall> log_and_time_hostcalls();
std::span<const Hostcall> header_map_hostcalls();
std::span<const Hostcall> buffer_hostcalls();
std::span<const Hostcall> stream_hostcalls();
std::span<const Hostcall> upstream_hostcalls();
std::span<const Hostcall> shared_hostcalls();
std::span<const Hostcall> metric_hostcalls();
std::span<const Hostcall> property_hostcalls();
std::span<const Hostcall> wasi_hostcalls();

// The row for an import, by name and type. `name_known` tells whether only the type differs.
const Hostcall* find_hostcall(std::string_view module, std::string_view name, Signature,
                              bool& name_known);

// What the functions of the table that has this one are about: "headers", "WASI". Empty where none
// has it.
std::string_view subject_of(std::string_view module, std::string_view name);

// Compilers put calls of these into a program unasked: there is no capability in them to withhold.
bool is_compilers_own(std::string_view name);

}  // namespace weir::abi
