#pragma once
// Scripts for the machine (conformance/machine): what it calls, with which arguments, in which
// callback.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "abi/types.h"

namespace weir::test {

// One argument of a call, as the machine reads it.
class Arg {
 public:
  template <std::integral T>
  Arg(T number) : code_(number_code('n', static_cast<uint64_t>(number))) {}
  template <typename E>
  requires std::is_enum_v<E> Arg(E value) : Arg(static_cast<std::underlying_type_t<E>>(value)) {}

  // Two parameters: address and length of a copy.
  Arg(std::string_view bytes) : code_(bytes_code('b', bytes)) {}
  Arg(const std::string& bytes) : Arg(std::string_view(bytes)) {}
  Arg(const char* text) : Arg(std::string_view(text)) {}

  const std::string& code() const { return code_; }

  static Arg raw(std::string code) { return Arg(Raw{std::move(code)}); }
  static std::string number_code(char kind, uint64_t number);
  static std::string bytes_code(char kind, std::string_view bytes);

 private:
  struct Raw {
    std::string code;
  };
  explicit Arg(Raw raw) : code_(std::move(raw.code)) {}

  std::string code_;
};

// Places for the host to write to. The machine reports what is there after the call, or '-' where
// nothing was written.
Arg out32();
Arg out64();
Arg out_word();              // a size, in the guest's width
Arg out_value();             // two parameters: where the address and the length of a value go
Arg out_bytes(size_t size);  // a region
// As out32(), and kept for in_register(). It is reported as '*'.
Arg out32_to(uint8_t register_number);  // from 1

Arg in_register(uint8_t number);
// A parameter of the running callback, from 0.
Arg param(uint8_t number);
// The end of the guest's memory, and so many bytes on.
Arg at_memory_end(int64_t offset = 0);
// One parameter: the address of a copy.
Arg address_of(std::string_view bytes);
// One parameter: the address of an array with the address and length of each text.
Arg vectors(std::initializer_list<std::string_view> texts);

// What the machine's allocator does from now on.
enum class Allocator : uint8_t {
  Allocates,
  AnswersNull,
  AnswersOutside,  // an address one byte before the end of memory
  Traps,
  GrowsFirst,
  CallsOutOfTurn,
  Loops,
  Logs,
};

// What is done in one callback.
class Actions {
 public:
  template <typename... Args>
  Actions& call(std::string_view function, const Args&... args) {
    return add_call(function, 1, {Arg(args)...});
  }
  // Calls so often, and reports the last answer.
  template <typename... Args>
  Actions& call_times(uint32_t times, std::string_view function, const Args&... args) {
    return add_call(function, times, {Arg(args)...});
  }
  Actions& call_with(std::string_view function, const std::vector<Arg>& args) {
    return add_call(function, 1, args);
  }
  // What the callback answers.
  Actions& answer(uint32_t value);
  Actions& say(std::string_view line);
  Actions& allocator(Allocator behaviour);
  Actions& grow(uint32_t pages);
  Actions& trap();
  // Where the last call answered that.
  Actions& trap_if(abi::Status answer);
  Actions& loop();
  Actions& recurse();

 private:
  friend class Script;

  Actions& add_call(std::string_view function, uint32_t times, const std::vector<Arg>& args);

  std::string code_;
};

class Script {
 public:
  // What is done in each call of a callback, or in the nth (from 1) of one root and its streams.
  Actions& on(std::string_view callback, uint32_t occurrence = 0);

  // The plugin's configuration.
  std::string bytes() const;

 private:
  struct Entry {
    std::string callback;
    uint32_t occurrence;
    Actions actions;
  };
  std::list<Entry> entries_;
};

}  // namespace weir::test
