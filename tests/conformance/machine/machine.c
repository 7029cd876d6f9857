// Scripts, contexts and callbacks.

#include "machine.h"

static const char* const callback_names[] = {
#define CALLBACK(name, params, answer) #name,
#define CALLBACK_VOID(name, params) #name,
#include "interface.def"
#undef CALLBACK
#undef CALLBACK_VOID
};

static size_t length_of(const char* text) {
  size_t size = 0;
  while (text[size] != 0) ++size;
  return size;
}

static uint64_t call_by_name(struct machine* m, const char* name, uint64_t* args) {
  return call_host(m, (size_t)find_function((const uint8_t*)name, length_of(name)), args);
}

// ---- Scripts ----

static uint8_t read_byte(struct reader* from) { return from->at < from->end ? *from->at++ : 0; }

static uint32_t read_u32(struct reader* from) {
  uint32_t number = 0;
  for (unsigned shift = 0; shift < 32; shift += 8) number |= (uint32_t)read_byte(from) << shift;
  return number;
}

static uint64_t read_u64(struct reader* from) {
  const uint64_t low = read_u32(from);
  return low | (uint64_t)read_u32(from) << 32;
}

static struct reader read_bytes(struct reader* from, size_t size) {
  const size_t left = (size_t)(from->end - from->at);
  const struct reader bytes = {from->at, from->at + (size < left ? size : left)};
  from->at = bytes.end;
  return bytes;
}

static size_t size_of(struct reader bytes) { return (size_t)(bytes.end - bytes.at); }

// A place of `size` bytes with the pattern, at an address that fits any number.
static uint8_t* take_region(struct machine* m, size_t size) {
  m->region_used = (m->region_used + 7) & ~(size_t)7;
  if (size > REGION_BYTES - m->region_used) return 0;
  uint8_t* at = m->region + m->region_used;
  m->region_used += size;
  for (size_t i = 0; i < size; ++i) at[i] = PATTERN;
  return at;
}

static uint8_t* add_out(struct machine* m, uint8_t kind, size_t size, uint8_t saved_as) {
  if (m->out_count == MAX_OUTS) return 0;
  struct out* out = &m->outs[m->out_count++];
  out->kind = kind;
  out->saved_as = saved_as;
  out->size = size;
  uint8_t* at = take_region(m, size);
  out->at = at;
  return at;
}

// An array of address and length for each of `count` texts that follow.
static uintptr_t* read_vectors(struct machine* m, struct reader* from, size_t count) {
  uintptr_t* vectors = (uintptr_t*)take_region(m, count * 2 * sizeof(uintptr_t));
  for (size_t i = 0; i < count; ++i) {
    const struct reader bytes = read_bytes(from, read_u32(from));
    vectors[2 * i] = (uintptr_t)bytes.at;
    vectors[2 * i + 1] = size_of(bytes);
  }
  return vectors;
}

// Reads one argument; the number of slots that it takes.
static size_t read_argument(struct machine* m, struct reader* from, uint64_t* slots) {
  switch (read_byte(from)) {
    case 'n':
      slots[0] = read_u64(from);
      return 1;
    case 'e':
      slots[0] = (uintptr_t)(memory_end() + read_u64(from));
      return 1;
    case 'b': {
      const struct reader bytes = read_bytes(from, read_u32(from));
      slots[0] = (uintptr_t)bytes.at;
      slots[1] = size_of(bytes);
      return 2;
    }
    case 'p':
      slots[0] = (uintptr_t)read_bytes(from, read_u32(from)).at;
      return 1;
    case 'o': {
      const uint8_t kind = read_byte(from);
      const size_t size = kind == '4' ? 4 : kind == '8' ? 8 : sizeof(uintptr_t);
      slots[0] = (uintptr_t)add_out(m, kind, size, read_byte(from));
      return 1;
    }
    case 'v':
      slots[0] = (uintptr_t)add_out(m, 'v', 2 * sizeof(uintptr_t), 0);
      slots[1] = slots[0] + sizeof(uintptr_t);
      return 2;
    case 'a': {
      const size_t size = read_u32(from);
      slots[0] = (uintptr_t)add_out(m, 'a', size, 0);
      return 1;
    }
    case 'i':
      slots[0] = (uintptr_t)read_vectors(m, from, read_byte(from));
      return 1;
    case 'r':
      slots[0] = m->registers[read_byte(from) % MAX_REGISTERS];
      return 1;
    case 'P':
      slots[0] = m->params[read_byte(from) % MAX_PARAMS];
      return 1;
    default:
      say(m, "BAD ARGUMENT IN THE SCRIPT");
      return 1;
  }
}

static int is_untouched(const uint8_t* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != PATTERN) return 0;
  }
  return 1;
}

static uint64_t number_at(const uint8_t* bytes, size_t size) {
  uint64_t number = 0;
  for (size_t i = 0; i < size; ++i) number |= (uint64_t)bytes[i] << (8 * i);
  return number;
}

static void put_value(struct machine* m, const struct out* out) {
  const size_t word = sizeof(uintptr_t);
  const uintptr_t at = (uintptr_t)number_at(out->at, word);
  const size_t size = (size_t)number_at(out->at + word, word);
  if (is_untouched(out->at, word) || is_untouched(out->at + word, word)) {
    put(m, "HALF");
  } else if (at == 0 && size == 0) {
    put(m, "null");
  } else {
    put_quoted(m, (const uint8_t*)at, size);
  }
}

static void put_out(struct machine* m, const struct out* out) {
  put_char(m, ' ');
  if (is_untouched(out->at, out->size)) {
    put_char(m, '-');
  } else if (out->kind == 'v') {
    put_value(m, out);
  } else if (out->kind == 'a') {
    put_quoted(m, out->at, out->size);
  } else {
    const uint64_t number = number_at(out->at, out->size);
    m->registers[out->saved_as % MAX_REGISTERS] = number;
    if (out->saved_as == 0) {
      put_number(m, number);
    } else {
      put_char(m, '*');  // The number differs from run to run.
    }
  }
}

static void do_call(struct machine* m, struct reader* from) {
  const struct reader name = read_bytes(from, read_byte(from));
  const uint32_t repeat = read_u32(from);
  const size_t argument_count = read_byte(from);
  const int index = find_function(name.at, size_of(name));

  uint64_t slots[MAX_ARGS] = {0};
  size_t used = 0;
  m->out_count = 0;
  m->region_used = 0;
  for (size_t i = 0; i < argument_count; ++i) used += read_argument(m, from, slots + used);
  if (index == NO_FUNCTION) {
    say(m, "NO SUCH FUNCTION");
    return;
  }
  uint32_t answer = 0;
  for (uint32_t i = 0; i < repeat && !m->stopped; ++i) {
    uint64_t args[MAX_ARGS];
    for (size_t k = 0; k < MAX_ARGS; ++k) args[k] = slots[k];
    answer = (uint32_t)call_host(m, (size_t)index, args);
  }
  if (m->stopped) return;
  m->last_answer = answer;

  begin_line(m);
  put(m, "  ");
  put(m, functions[index].name);
  put(m, ": ");
  if (functions[index].has_status) {
    put_status(m, answer);
  } else {
    put_number(m, answer);
  }
  for (uint32_t i = 0; i < m->out_count; ++i) put_out(m, &m->outs[i]);
  end_line(m);
}

static uint32_t recurse(uint32_t depth);
static uint32_t (*volatile recurse_again)(uint32_t) = recurse;
static uint32_t recurse(uint32_t depth) { return recurse_again(depth + 1) * 3 + depth; }

static void loop_for_ever(void) {
  for (volatile uint32_t i = 0;; ++i) continue;
}

static void do_grow(struct machine* m, uint32_t pages) {
  begin_line(m);
  put(m, grow(pages) < 0 ? "  cannot grow" : "  has grown");
  end_line(m);
}

static void do_say(struct machine* m, struct reader text) {
  begin_line(m);
  put(m, "  ");
  while (text.at < text.end) put_char(m, (char)*text.at++);
  end_line(m);
}

// Does one list of actions; `answer` is what the callback answers.
static void do_actions(struct machine* m, struct reader actions, uint32_t* answer) {
  while (actions.at < actions.end && !m->stopped) {
    switch (read_byte(&actions)) {
      case 'C':
        do_call(m, &actions);
        break;
      case 'R':
        *answer = read_u32(&actions);
        break;
      case 'S':
        do_say(m, read_bytes(&actions, read_u32(&actions)));
        break;
      case 'A':
        m->allocator_mode = read_byte(&actions);
        break;
      case 'G':
        do_grow(m, read_u32(&actions));
        break;
      case 'T':
        give_up(m);
        break;
      case 'U':
        if (read_u32(&actions) == m->last_answer) give_up(m);
        break;
      case 'L':
        loop_for_ever();
        break;
      case 'X':
        m->registers[0] = recurse(0);
        break;
      default:
        say(m, "BAD ACTION IN THE SCRIPT");
        return;
    }
  }
}

// ---- Contexts and callbacks ----

enum { PLUGIN_CONFIGURATION = 7 };
static const char kMagic[] = "machine:";

// The plugin configuration, if it is a script.
static struct reader load_script(struct machine* m) {
  const size_t word = sizeof(uintptr_t);
  m->region_used = 0;
  uint8_t* out = take_region(m, 2 * word);
  uint64_t args[5] = {PLUGIN_CONFIGURATION, 0, UINT32_MAX, (uintptr_t)out, (uintptr_t)out + word};
  struct reader script = {0, 0};
  if (call_by_name(m, "proxy_get_buffer_bytes", args) != 0 || m->stopped) return script;
  const size_t size = (size_t)number_at(out + word, word);
  const size_t magic_size = length_of(kMagic);
  if (size < magic_size) return script;
  script.at = (const uint8_t*)(uintptr_t)number_at(out, word);
  script.end = script.at + size;
  for (size_t i = 0; i < magic_size; ++i) {
    if (read_byte(&script) != (uint8_t)kMagic[i]) script.at = script.end;
  }
  return script;
}

static struct root* add_root(struct machine* m, uint32_t id) {
  if (m->root_count == MAX_ROOTS) return &m->roots[0];
  struct root* root = &m->roots[m->root_count++];
  root->id = id;
  root->script = load_script(m);
  return root;
}

static struct root* root_with_id(struct machine* m, uint32_t id) {
  for (uint32_t i = 0; i < m->root_count; ++i) {
    if (m->roots[i].id == id) return &m->roots[i];
  }
  return 0;
}

static struct root* root_of(struct machine* m, uint32_t id) {
  for (size_t i = 0; i < MAX_CONTEXTS; ++i) {
    if (m->contexts[i].id == id) return m->contexts[i].root;
  }
  struct root* root = root_with_id(m, id);
  // A context whose creation was not told.
  if (root == 0) root = m->root_count != 0 ? &m->roots[0] : add_root(m, id);
  return root;
}

static void add_context(struct machine* m, uint32_t id, uint32_t parent) {
  struct root* root = parent == 0 ? add_root(m, id) : root_of(m, parent);
  for (size_t i = 0; i < MAX_CONTEXTS; ++i) {
    if (m->contexts[i].id != 0) continue;
    m->contexts[i].id = id;
    m->contexts[i].root = root;
    return;
  }
}

static void remove_context(struct machine* m, uint32_t id) {
  for (size_t i = 0; i < MAX_CONTEXTS; ++i) {
    if (m->contexts[i].id == id) m->contexts[i].id = 0;
  }
}

static void put_callback(struct machine* m, enum callback callback, const uint32_t* params,
                         uint32_t count) {
  begin_line(m);
  put(m, callback_names[callback]);
  for (uint32_t i = 0; i < count; ++i) {
    put(m, i == 0 ? "(" : ", ");
    put_number(m, params[i]);
  }
  put_char(m, ')');
  end_line(m);
}

static int is_for(struct reader name, enum callback callback) {
  const char* wanted = callback_names[callback];
  size_t i = 0;
  for (; i < size_of(name); ++i) {
    if (wanted[i] != (char)name.at[i]) return 0;
  }
  return wanted[i] == 0;
}

uint32_t on_callback(struct machine* m, enum callback callback, const uint32_t* params,
                     uint32_t count, uint32_t answer) {
  if (callback == callback_proxy_on_context_create) add_context(m, params[0], params[1]);
  struct root* root = root_of(m, params[0]);
  const uint32_t occurrence = ++root->calls[callback];
  put_callback(m, callback, params, count);
  m->params = params;
  struct reader script = root->script;
  while (script.at < script.end && !m->stopped) {
    const struct reader name = read_bytes(&script, read_byte(&script));
    const uint32_t wanted = read_u32(&script);
    const struct reader actions = read_bytes(&script, read_u32(&script));
    if (!is_for(name, callback) || (wanted != 0 && wanted != occurrence)) continue;
    do_actions(m, actions, &answer);
  }
  if (callback == callback_proxy_on_delete) remove_context(m, params[0]);
  return answer;
}

uintptr_t allocate(struct machine* m, uintptr_t size) {
  switch (m->allocator_mode) {
    case ALLOCATE:
      break;
    case ANSWER_NULL:
      return 0;
    case ANSWER_OUTSIDE:
      return (uintptr_t)(memory_end() - 1);
    case TRAP:
      give_up(m);
      return 0;
    case GROW_FIRST:
      grow(1);
      break;
    case CALL_OUT_OF_TURN: {
      uint64_t args[1] = {0};
      call_by_name(m, "proxy_set_effective_context", args);
      break;
    }
    case LOOP:
      loop_for_ever();
      break;
    case LOG:
      say(m, "  the allocator logs");
      break;
  }
  return (uintptr_t)take_memory(m, size);
}
