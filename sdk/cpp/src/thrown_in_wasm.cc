// What a throw does in a .wasm file. Its code is compiled without what unwinds a stack, so that it
// runs on every engine: a try block catches nothing, and a throw ends the instance, as a trap does.
// The log says what was thrown.

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

#include "thrown.h"
#include "weir_sdk/log.h"

// What types of classes with bases point to, by their kind.
extern "C" const void* const _ZTVN10__cxxabiv120__si_class_type_infoE[];
extern "C" const void* const _ZTVN10__cxxabiv121__vmi_class_type_infoE[];

namespace weir_sdk {
namespace {

// Run-time types as the Itanium C++ ABI lays them out in memory (2.9.5).
struct Type {
  const void* const* kind;
  const char* name;
};
struct ClassWithBase {
  Type own;
  const Type* base;  // public, and at the object's beginning
};
struct Base {
  static constexpr long kVirtual = 1;
  static constexpr long kPublic = 2;
  static constexpr long kOffsetShift = 8;
  const Type* type;
  long offset_and_flags;
};
struct ClassWithBases {
  Type own;
  unsigned flags;
  unsigned count;
  Base bases[1];  // `count` of them
};

// Behind what a vtable begins with: an offset and a type.
bool is_of(const Type* type, const void* const* kind) { return type->kind == kind + 2; }

// The part of an object that is a std::exception; null where it has none.
const std::exception* as_exception(const char* object, const Type* type) {
  if (std::strcmp(type->name, "St9exception") == 0) {
    return reinterpret_cast<const std::exception*>(object);
  }
  if (is_of(type, _ZTVN10__cxxabiv120__si_class_type_infoE)) {
    return as_exception(object, reinterpret_cast<const ClassWithBase*>(type)->base);
  }
  if (!is_of(type, _ZTVN10__cxxabiv121__vmi_class_type_infoE)) return nullptr;
  const auto* several = reinterpret_cast<const ClassWithBases*>(type);
  for (unsigned i = 0; i < several->count; ++i) {
    const Base& base = several->bases[i];
    if ((base.offset_and_flags & Base::kPublic) == 0) continue;
    long offset = base.offset_and_flags >> Base::kOffsetShift;
    if ((base.offset_and_flags & Base::kVirtual) != 0) {
      const char* vtable = *reinterpret_cast<const char* const*>(object);
      std::memcpy(&offset, vtable + offset, sizeof offset);
    }
    if (const auto* found = as_exception(object + offset, base.type)) return found;
  }
  return nullptr;
}

// Of libc++'s std::string.
constexpr std::string_view kString =
    "NSt3__212basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEE";

std::string told(const void* object, const std::type_info& type) {
  const std::string_view name = type.name();
  if (name == kString) return "std::string: " + *static_cast<const std::string*>(object);
  std::string text = readable_type(name);
  if (name == "PKc") return text + ": " + *static_cast<const char* const*>(object);
  const auto* exception =
      as_exception(static_cast<const char*>(object), reinterpret_cast<const Type*>(&type));
  return exception == nullptr ? text : text + ": " + exception->what();
}

}  // namespace
}  // namespace weir_sdk

// What the compiler makes of a throw. A program that has its own, by a library that can unwind, is
// left with those.
extern "C" __attribute__((weak)) void* __cxa_allocate_exception(size_t size) {
  void* memory = ::malloc(size);
  if (memory == nullptr) logAbort("out of memory");
  return memory;
}

extern "C" [[noreturn]] __attribute__((weak)) void __cxa_throw(void* object, std::type_info* type,
                                                               void (*)(void*)) {
  logAbort("an exception is thrown, and in wasm none is caught: " + weir_sdk::told(object, *type));
}

extern "C" [[noreturn]] __attribute__((weak)) void __cxa_rethrow() {
  logAbort("an exception is thrown again where none is being handled");
}
