// What the machine may call, by name.

#include "machine.h"

const struct function functions[] = {
#define ENV(name, params) {#name, 1},
#define ENV_VOID(name, params) {#name, 0},
#define WASI(name, params) {#name, 0}, {"wasi_unstable." #name, 0},
#define WASI_VOID(name, params) {#name, 0}, {"wasi_unstable." #name, 0},
#include "interface.def"
};

int find_function(const uint8_t* name, size_t size) {
  const int count = sizeof(functions) / sizeof(functions[0]);
  for (int i = 0; i < count; ++i) {
    size_t same = 0;
    while (same < size && functions[i].name[same] == (char)name[same]) ++same;
    if (same == size && functions[i].name[size] == 0) return i;
  }
  return NO_FUNCTION;
}
