#include "support/script.h"

#include "base/bytes.h"
#include "base/check.h"

namespace weir::test {
namespace {

template <typename T>
std::string little_endian(T number) {
  std::string bytes(sizeof(T), '\0');
  store(std::as_writable_bytes(std::span(bytes)).data(), number);
  return bytes;
}

std::string sized(std::string_view bytes) {
  return little_endian(static_cast<uint32_t>(bytes.size())).append(bytes);
}

std::string name_code(std::string_view name) {
  WEIR_CHECK(name.size() < 256);
  return std::string(1, static_cast<char>(name.size())).append(name);
}

std::string out_code(char kind, uint8_t register_number = 0) {
  return {'o', kind, static_cast<char>(register_number)};
}

}  // namespace

std::string Arg::number_code(char kind, uint64_t number) { return kind + little_endian(number); }

std::string Arg::bytes_code(char kind, std::string_view bytes) { return kind + sized(bytes); }

Arg out32() { return Arg::raw(out_code('4')); }
Arg out64() { return Arg::raw(out_code('8')); }
Arg out_word() { return Arg::raw(out_code('w')); }
Arg out_value() { return Arg::raw("v"); }
Arg out_bytes(size_t size) { return Arg::raw('a' + little_endian(static_cast<uint32_t>(size))); }
Arg out32_to(uint8_t register_number) { return Arg::raw(out_code('4', register_number)); }

Arg in_register(uint8_t number) { return Arg::raw({'r', static_cast<char>(number)}); }
Arg param(uint8_t number) { return Arg::raw({'P', static_cast<char>(number)}); }

Arg at_memory_end(int64_t offset) {
  return Arg::raw(Arg::number_code('e', static_cast<uint64_t>(offset)));
}

Arg address_of(std::string_view bytes) { return Arg::raw(Arg::bytes_code('p', bytes)); }

Arg vectors(std::initializer_list<std::string_view> texts) {
  std::string code{'i', static_cast<char>(texts.size())};
  for (std::string_view text : texts) code += sized(text);
  return Arg::raw(code);
}

Actions& Actions::add_call(std::string_view function, uint32_t times,
                           const std::vector<Arg>& args) {
  code_ += 'C' + name_code(function) + little_endian(times) + static_cast<char>(args.size());
  for (const Arg& arg : args) code_ += arg.code();
  return *this;
}

Actions& Actions::answer(uint32_t value) {
  code_ += 'R' + little_endian(value);
  return *this;
}

Actions& Actions::say(std::string_view line) {
  code_ += 'S' + sized(line);
  return *this;
}

Actions& Actions::allocator(Allocator behaviour) {
  code_ += {'A', static_cast<char>(behaviour)};
  return *this;
}

Actions& Actions::grow(uint32_t pages) {
  code_ += 'G' + little_endian(pages);
  return *this;
}

Actions& Actions::trap() {
  code_ += 'T';
  return *this;
}

Actions& Actions::trap_if(abi::Status answer) {
  code_ += 'U' + little_endian(static_cast<uint32_t>(answer));
  return *this;
}

Actions& Actions::loop() {
  code_ += 'L';
  return *this;
}

Actions& Actions::recurse() {
  code_ += 'X';
  return *this;
}

Actions& Script::on(std::string_view callback, uint32_t occurrence) {
  return entries_.emplace_back(Entry{std::string(callback), occurrence, {}}).actions;
}

std::string Script::bytes() const {
  std::string bytes = "machine:";
  for (const Entry& entry : entries_) {
    bytes +=
        name_code(entry.callback) + little_endian(entry.occurrence) + sized(entry.actions.code_);
  }
  return bytes;
}

}  // namespace weir::test
