// A native plugin that does a little of everything; the tests use it as a shared object, and
// compiled in.

#include "engine/native_plugin.h"

#include <stdlib.h>
#include <string.h>

struct instance {
  const weir_native_host* host;
  char text[8];
};

enum { LOG, ADD, REFUSE };

static const weir_native_import imports[] = {
    {"env", "log", "v(ii)"},
    {"env", "add", "I(Ii)"},
    {"env", "refuse", "v()"},
};

// Logs its own text: an address is a pointer.
static int greet(void* self, uint64_t* slots) {
  struct instance* instance = self;
  (void)slots;
  uint64_t out[2] = {(uint64_t)(uintptr_t)instance->text, strlen(instance->text)};
  return instance->host->call(instance->host->self, LOG, out);
}

static int sum(void* self, uint64_t* slots) {
  struct instance* instance = self;
  return instance->host->call(instance->host->self, ADD, slots);
}

static int give_up(void* self, uint64_t* slots) {
  (void)self;
  (void)slots;
  return 1;
}

// Goes on although it was told to leave.
static int ignore_refusal(void* self, uint64_t* slots) {
  struct instance* instance = self;
  instance->host->call(instance->host->self, REFUSE, slots);
  greet(self, slots);
  return 0;
}

static const weir_native_export exports[] = {
    {"greet", "v()", greet},
    {"sum", "I(Ii)", sum},
    {"give_up", "v()", give_up},
    {"ignore_refusal", "v()", ignore_refusal},
};

static void* create(const weir_native_host* host) {
  struct instance* instance = malloc(sizeof(*instance));
  if (instance == NULL) return NULL;
  instance->host = host;
  strcpy(instance->text, "native");
  return instance;
}

static const weir_native_plugin plugin = {
    .version = WEIR_NATIVE_PLUGIN_VERSION,
    .name = "test_plugin",
    .imports = imports,
    .import_count = sizeof(imports) / sizeof(imports[0]),
    .exports = exports,
    .export_count = sizeof(exports) / sizeof(exports[0]),
    .create = create,
    .destroy = free,
};

__attribute__((visibility("default"))) const weir_native_plugin* WEIR_TEST_PLUGIN_FUNCTION(void) {
  return &plugin;
}
