#pragma once
// A guest that does as it is told. Its plugin configuration is a script (support/script.h): for
// each callback a list of hostcalls with literal arguments. It logs every callback, every call's
// answer and every value that the host wrote, so that a test reads as a dialogue.
//
// One source, two builds: a wasm module, with 32-bit addresses (wasm_build.c), and a native plugin,
// with the host's own (native_build.c). No library is used. Of a module there is one
// `struct machine`, of the native plugin as many as there are instances.

#include <stddef.h>
#include <stdint.h>

// What fills the places that the host may write to: what still has it is untouched.
#define PATTERN 0xcc

enum {
  MAX_ROOTS = 16,
  MAX_CONTEXTS = 1024,
  MAX_CALLBACKS = 32,
  MAX_ARGS = 16,
  MAX_OUTS = 8,
  MAX_REGISTERS = 32,
  MAX_PARAMS = 5,
  REGION_BYTES = 66000,
  LONGEST_DUMP = 200,
  TEXT_BYTES = 16384,
};

enum allocator_mode {
  ALLOCATE = 0,
  ANSWER_NULL = 1,
  ANSWER_OUTSIDE = 2,
  TRAP = 3,
  GROW_FIRST = 4,
  CALL_OUT_OF_TURN = 5,
  LOOP = 6,
  LOG = 7,
};

struct reader {
  const uint8_t* at;
  const uint8_t* end;
};

struct root {
  uint32_t id;
  struct reader script;
  uint32_t calls[MAX_CALLBACKS];
};

struct context {
  uint32_t id;  // 0: a free place
  struct root* root;
};

// A place that the host may write to during a call.
struct out {
  uint8_t kind;  // '4' and '8' bytes, 'w' a word, 'v' address and length of a value, 'a' a region
  uint8_t saved_as;
  const uint8_t* at;
  size_t size;
};

struct machine {
  int stopped;  // the host has refused a call, or the guest gave up: it leaves at once
  enum allocator_mode allocator_mode;
  uint32_t last_answer;
  struct root roots[MAX_ROOTS];
  uint32_t root_count;
  struct context contexts[MAX_CONTEXTS];
  uint64_t registers[MAX_REGISTERS];
  const uint32_t* params;
  struct out outs[MAX_OUTS];
  uint32_t out_count;
  _Alignas(8) uint8_t region[REGION_BYTES];
  size_t region_used;
  char text[TEXT_BYTES];
  size_t text_size;
};

#ifndef WEIR_MACHINE_HEADERS_PARAMS
#define WEIR_MACHINE_HEADERS_PARAMS 3
#endif

enum callback {
#define CALLBACK(name, params, answer) callback_##name,
#define CALLBACK_VOID(name, params) callback_##name,
#include "interface.def"
#undef CALLBACK
#undef CALLBACK_VOID
};

// ---- By machine.c ----

// Runs what the script says for a callback; `answer` is the one where it says nothing.
uint32_t on_callback(struct machine* m, enum callback callback, const uint32_t* params,
                     uint32_t count, uint32_t answer);

// What the host's calls of the allocator end in.
uintptr_t allocate(struct machine* m, uintptr_t size);

// ---- By text.c: lines for the log, made in the machine's own buffer ----

void begin_line(struct machine* m);
void put_char(struct machine* m, char c);
void put(struct machine* m, const char* text);
void put_number(struct machine* m, uint64_t number);
void put_quoted(struct machine* m, const uint8_t* bytes, size_t size);
void put_status(struct machine* m, uint32_t status);
void end_line(struct machine* m);
void say(struct machine* m, const char* line);

// ---- By the build ----

// Calls a function by its place in interface.def, where one of WASI counts twice. Its result is
// also that of `args`.
uint64_t call_host(struct machine* m, size_t index, uint64_t* args);

void* take_memory(struct machine* m, size_t size);
uint64_t memory_end(void);
// Negative: the memory cannot grow.
int32_t grow(uint32_t pages);
// Ends the guest.
void give_up(struct machine* m);

// ---- By functions.c ----

struct function {
  const char* name;
  int has_status;  // one of the ABI's own, not an errno
};

enum { NO_FUNCTION = -1 };

extern const struct function functions[];
int find_function(const uint8_t* name, size_t size);
