#pragma once
// Another path in the place of the request's.

#include <memory>
#include <string>

#include "config/routes.h"
#include "planes/serve/request_matcher.h"

namespace weir::serve {

// Immutable. Thread: any.
class PathRewriter {
 public:
  explicit PathRewriter(const config::PathRewrite& rewrite);

  bool is_empty() const { return std::holds_alternative<std::monostate>(rewrite_); }

  // The path, still without a query. Its first `matched_size` bytes are what the route matched.
  std::string rewrite(std::string_view path, size_t matched_size) const;

 private:
  config::PathRewrite rewrite_;
  std::unique_ptr<const Regex> regex_;
};

}  // namespace weir::serve
