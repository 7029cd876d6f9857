#pragma once
// Comparing text as the configuration says, compiled once.

#include <memory>
#include <string>
#include <string_view>

#include "config/routes.h"

namespace re2 {
class RE2;
}

namespace weir::serve {

// An expression of RE2, which the configuration's reader has seen to be one. Matching takes time in
// proportion to the text, whatever the expression; it may lock RE2's own cache for a moment.
// Immutable. Thread: any.
class Regex {
 public:
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // All of the text.
  bool matches(std::string_view text) const;
  // What it matches, anywhere and each time, is replaced.
  std::string replace(std::string_view text, const std::string& substitution) const;

 private:
  std::unique_ptr<const re2::RE2> compiled_;
};

// Immutable. Thread: any.
class StringMatcher {
 public:
  explicit StringMatcher(const config::StringMatch& match);

  bool matches(std::string_view text) const;

 private:
  config::StringMatch match_;  // its text in lower case where case is ignored
  std::unique_ptr<const Regex> regex_;
};

}  // namespace weir::serve
