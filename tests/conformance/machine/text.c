// The machine's lines.

#include "machine.h"

void put_char(struct machine* m, char c) {
  if (m->text_size < TEXT_BYTES) m->text[m->text_size++] = c;
}

void put(struct machine* m, const char* text) {
  while (*text != 0) put_char(m, *text++);
}

void put_number(struct machine* m, uint64_t number) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (count != 0) put_char(m, digits[--count]);
}

void put_quoted(struct machine* m, const uint8_t* bytes, size_t size) {
  static const char kDigits[] = "0123456789abcdef";
  put_char(m, '"');
  for (size_t i = 0; i < size && i < LONGEST_DUMP; ++i) {
    if (bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '\\') {
      put_char(m, (char)bytes[i]);
    } else {
      put(m, "\\x");
      put_char(m, kDigits[bytes[i] >> 4]);
      put_char(m, kDigits[bytes[i] & 15]);
    }
  }
  put_char(m, '"');
  if (size > LONGEST_DUMP) {
    put(m, "... of ");
    put_number(m, size);
  }
}

void put_status(struct machine* m, uint32_t status) {
  static const char* const kNames[] = {
      "Ok",
      "NotFound",
      "BadArgument",
      "SerializationFailure",
      "ParseFailure",
      0,
      "InvalidMemoryAccess",
      "Empty",
      "CasMismatch",
      0,
      "InternalFailure",
      0,
      "Unimplemented",
  };
  if (status < sizeof(kNames) / sizeof(kNames[0]) && kNames[status] != 0) {
    put(m, kNames[status]);
  } else {
    put_number(m, status);
  }
}

void begin_line(struct machine* m) {
  m->text_size = 0;
  put(m, "> ");
}

enum { CRITICAL = 5 };

void end_line(struct machine* m) {
  uint64_t args[3] = {CRITICAL, (uintptr_t)m->text, m->text_size};
  call_host(m, (size_t)find_function((const uint8_t*)"proxy_log", 9), args);
}

void say(struct machine* m, const char* text) {
  begin_line(m);
  put(m, text);
  end_line(m);
}
