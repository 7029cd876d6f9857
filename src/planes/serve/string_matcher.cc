#include "planes/serve/string_matcher.h"

#include <re2/re2.h>

#include "base/check.h"
#include "base/lower_case.h"

namespace weir::serve {
namespace {

using Kind = config::StringMatch::Kind;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Regex::Regex(const std::string& pattern)
    : compiled_(std::make_unique<const re2::RE2>(pattern, re2::RE2::Quiet)) {
  WEIR_CHECK(compiled_->ok());
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

bool Regex::matches(std::string_view text) const {
  return re2::RE2::FullMatch(piece(text), *compiled_);
}

std::string Regex::replace(std::string_view text, const std::string& substitution) const {
  std::string out(text);
  re2::RE2::GlobalReplace(&out, *compiled_, substitution);
  return out;
}

StringMatcher::StringMatcher(const config::StringMatch& match) : match_(match) {
  if (match_.kind == Kind::Regex) regex_ = std::make_unique<const Regex>(match_.text);
  if (match_.ignore_case) match_.text = lower_case(match_.text);
}

bool StringMatcher::matches(std::string_view text) const {
  std::string lower;
  if (match_.ignore_case) {
    lower = lower_case(text);
    text = lower;
  }
  switch (match_.kind) {
    case Kind::Exact:
      return text == match_.text;
    case Kind::Prefix:
      return text.starts_with(match_.text);
    case Kind::Suffix:
      return text.ends_with(match_.text);
    case Kind::Contains:
      return text.find(match_.text) != std::string_view::npos;
    case Kind::Regex:
      return regex_->matches(text);
  }
  return false;
}

}  // namespace weir::serve
