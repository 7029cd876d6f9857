#include "fetch/challenge.h"

#include "base/lower_case.h"

#include <optional>

namespace weir::fetch {
namespace {

bool is_token_char(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip(std::string_view chars) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(chars), rest_.size()));
  }
  std::string_view token() {
    size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    return take(size);
  }
  bool take_char(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A token or a quoted string.
  std::optional<std::string> value() {
    if (!take_char('"')) {
      const std::string_view text = token();
      return text.empty() ? std::nullopt : std::optional<std::string>(text);
    }
    std::string text;
    while (!rest_.empty()) {
      const char c = take(1)[0];
      if (c == '"') return text;
      if (c != '\\') {
        text += c;
      } else if (!rest_.empty()) {
        text += take(1)[0];
      }
    }
    return std::nullopt;
  }
  std::string_view rest() const { return rest_; }
  void back_to(std::string_view rest) { rest_ = rest; }

 private:
  std::string_view take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

}  // namespace

const std::string& Challenge::param(const std::string& name) const {
  static const std::string kNone;
  const auto found = params.find(name);
  return found == params.end() ? kNone : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Reader reader(header);
  while (true) {
    reader.skip(" \t,");
    const std::string_view start = reader.rest();
    const std::string_view name = reader.token();
    if (name.empty()) return challenges;
    reader.skip(" \t");
    if (!reader.take_char('=')) {
      reader.back_to(start.substr(name.size()));
      challenges.push_back({.scheme = lower_case(name), .params = {}});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    if (challenges.empty() || !value) return challenges;
    challenges.back().params.emplace(lower_case(name), std::move(*value));
  }
}

}  // namespace weir::fetch
