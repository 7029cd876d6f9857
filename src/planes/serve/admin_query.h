#pragma once
// The parameters of an admin page.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir::serve {

// "a=b&c": percent-encoded, as forms are. Of two of one name the first counts.
class AdminQuery {
 public:
  explicit AdminQuery(std::string_view text) : text_(text) {}

  // Empty where it is there without a value.
  std::optional<std::string> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }

 private:
  std::string_view text_;
};

// Whether a page shows what has that name: for `filter`, an expression that is met anywhere in it.
// Nothing: it is no expression.
std::optional<std::function<bool(std::string_view)>> make_name_filter(const std::string& filter);

}  // namespace weir::serve
