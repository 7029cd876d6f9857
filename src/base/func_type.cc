#include "base/func_type.h"

namespace weir {
namespace {

void append(std::string& text, std::span<const ValType> types) {
  constexpr std::string_view kNames[] = {"i32", "i64", "f32", "f64"};
  for (size_t i = 0; i < types.size(); ++i) {
    if (i != 0) text += ", ";
    text += kNames[static_cast<size_t>(types[i])];
  }
}

}  // namespace

std::string to_string(Signature signature) {
  std::string text = "(";
  append(text, signature.params);
  text += ") -> ";
  if (signature.results.size() == 1) {
    append(text, signature.results);
  } else {
    text += "(";
    append(text, signature.results);
    text += ")";
  }
  return text;
}

}  // namespace weir
