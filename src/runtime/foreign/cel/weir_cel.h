#pragma once
// The C interface of the crate weir-cel: expressions of the Common Expression Language. Nothing
// here throws, panics or ends the process, whatever the expression says. Thread: any; one program
// is used by one thread at a time.

#include <cstddef>
#include <cstdint>

extern "C" {

struct WeirCelBytes {
  const char* data;
  size_t size;
};

// How the bytes of an attribute are to be read; its encoding is that of properties.
enum class WeirCelType : uint8_t {
  None,  // there is no such attribute, or it has no value now
  Text,  // what is not UTF-8 in it is replaced
  Bytes,
  Bool,  // 1 byte
  Int,   // 8 bytes, as all below
  Uint,
  Double,
  Timestamp,  // nanoseconds
  Duration,   // nanoseconds
  Map,        // a serialized map of texts
};

// Answers an evaluation's questions. Must not throw.
struct WeirCelHost {
  void* context;
  // `path` has its segments joined by NUL. `value` stays valid until the next call.
  WeirCelType (*lookup)(void* context, WeirCelBytes path, WeirCelBytes* value);
  // Takes the result; `value` is valid during the call.
  void (*result)(void* context, WeirCelBytes value);
};

enum class WeirCelOutcome : uint8_t {
  Ok,              // result() was called
  Failed,          // the expression has no value, or costs too much
  Unserializable,  // its value has no encoding, as null
};

struct WeirCelProgram;

// Null: the text is no expression, or is nested too deeply. To be freed by weir_cel_free().
WeirCelProgram* weir_cel_compile(WeirCelBytes text);

WeirCelOutcome weir_cel_evaluate(const WeirCelProgram* program, const WeirCelHost* host);

void weir_cel_free(WeirCelProgram* program);

}  // extern "C"
