#include "planes/serve/path_rewriter.h"

namespace weir::serve {

PathRewriter::PathRewriter(const config::PathRewrite& rewrite) : rewrite_(rewrite) {
  if (const auto* regex = std::get_if<config::RegexRewrite>(&rewrite_)) {
    regex_ = std::make_unique<const Regex>(regex->pattern);
  }
}

std::string PathRewriter::rewrite(std::string_view path, size_t matched_size) const {
  if (const auto* prefix = std::get_if<std::string>(&rewrite_)) {
    return *prefix + std::string(path.substr(matched_size));
  }
  if (regex_ == nullptr) return std::string(path);
  return regex_->replace(path, std::get<config::RegexRewrite>(rewrite_).substitution);
}

}  // namespace weir::serve
