// The machine as a native plugin, compiled into the tests.

#include <stdlib.h>

#include "machine.h"
#include "native_machine.h"

struct block {
  struct block* next;
};

struct native_machine {
  struct machine machine;  // first: a pointer to it is one to this
  const weir_native_host* host;
  struct block* blocks;
};

uint64_t memory_end(void) { return UINT64_MAX; }

int32_t grow(uint32_t pages) {
  (void)pages;
  return -1;
}

void* take_memory(struct machine* m, size_t size) {
  struct native_machine* native = (struct native_machine*)m;
  struct block* made = malloc(sizeof(struct block) + size);
  if (made == NULL) return NULL;
  made->next = native->blocks;
  native->blocks = made;
  return made + 1;
}

void give_up(struct machine* m) { m->stopped = 1; }

uint64_t call_host(struct machine* m, size_t index, uint64_t* args) {
  const weir_native_host* host = ((struct native_machine*)m)->host;
  if (host->call(host->self, (uint32_t)index, args) != 0) m->stopped = 1;
  return args[0];
}

static const weir_native_import imports[] = {
#define ENV(name, params) {"env", #name, "i(" NATIVE_##params ")"},
#define ENV_VOID(name, params) {"env", #name, "v(" NATIVE_##params ")"},
#define WASI(name, params)                                     \
  {"wasi_snapshot_preview1", #name, "i(" NATIVE_##params ")"}, \
      {"wasi_unstable", #name, "i(" NATIVE_##params ")"},
#define WASI_VOID(name, params)                                \
  {"wasi_snapshot_preview1", #name, "v(" NATIVE_##params ")"}, \
      {"wasi_unstable", #name, "v(" NATIVE_##params ")"},
#define NATIVE__ ""
#define NATIVE_i "i"
#define NATIVE_ii "ii"
#define NATIVE_iii "iii"
#define NATIVE_iiii "iiii"
#define NATIVE_iiiii "iiiii"
#define NATIVE_iiiiii "iiiiii"
#define NATIVE_iiiiiii "iiiiiii"
#define NATIVE_iiiiiiii "iiiiiiii"
#define NATIVE_iiiiiiiii "iiiiiiiii"
#define NATIVE_iiiiiiiiii "iiiiiiiiii"
#define NATIVE_iiiiiiiiiiii "iiiiiiiiiiii"
#define NATIVE_iI "iI"
#define NATIVE_iIi "iIi"
#define NATIVE_iII "iII"
#define NATIVE_iIii "iIii"
#define NATIVE_iIIi "iIIi"
#define NATIVE_iiiIi "iiiIi"
#define NATIVE_iiiiIIi "iiiiIIi"
#define NATIVE_iiiiiIIii "iiiiiIIii"
#include "interface.def"
#undef ENV
#undef ENV_VOID
#undef WASI
#undef WASI_VOID
};

static int export_callback(void* self, uint64_t* slots, enum callback callback, uint32_t count,
                           uint32_t answer) {
  struct machine* m = self;
  uint32_t params[MAX_PARAMS] = {0};
  for (uint32_t i = 0; i < count; ++i) params[i] = (uint32_t)slots[i];
  slots[0] = on_callback(m, callback, params, count, answer);
  return m->stopped;
}

#define CALLBACK(name, params, answer)                                    \
  static int export_##name(void* self, uint64_t* slots) {                 \
    return export_callback(self, slots, callback_##name, params, answer); \
  }
#define CALLBACK_VOID(name, params) CALLBACK(name, params, 0)
#include "interface.def"
#undef CALLBACK
#undef CALLBACK_VOID

static int export_allocate(void* self, uint64_t* slots) {
  struct machine* m = self;
  slots[0] = allocate(m, slots[0]);
  return m->stopped;
}

static int export_nothing(void* self, uint64_t* slots) {
  (void)self;
  (void)slots;
  return 0;
}

#define SIGNATURE_1 "i"
#define SIGNATURE_2 "ii"
#define SIGNATURE_3 "iii"
#define SIGNATURE_5 "iiiii"
#define CALLBACK(name, params, answer) CALLBACK_ROW(name, params)
#define CALLBACK_ROW(name, params) {#name, "i(" SIGNATURE_##params ")", export_##name},
#define CALLBACK_VOID(name, params) {#name, "v(" SIGNATURE_##params ")", export_##name},

static const weir_native_export exports[] = {
#include "interface.def"
    {"proxy_on_memory_allocate", "i(i)", export_allocate},
    {"proxy_abi_version_0_2_1", "v()", export_nothing},
};

static void* create(const weir_native_host* host) {
  struct native_machine* native = calloc(1, sizeof(*native));
  if (native != NULL) native->host = host;
  return native;
}

static void destroy(void* self) {
  struct native_machine* native = self;
  while (native->blocks != NULL) {
    struct block* block = native->blocks;
    native->blocks = block->next;
    free(block);
  }
  free(native);
}

const weir_native_plugin weir_native_machine = {
    .version = WEIR_NATIVE_PLUGIN_VERSION,
    .name = "machine",
    .imports = imports,
    .import_count = sizeof(imports) / sizeof(imports[0]),
    .exports = exports,
    .export_count = sizeof(exports) / sizeof(exports[0]),
    .create = create,
    .destroy = destroy,
};
