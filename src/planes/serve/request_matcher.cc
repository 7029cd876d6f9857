#include "planes/serve/request_matcher.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/lower_case.h"
#include "planes/common/grpc_status.h"

namespace weir::serve {
namespace {

using Kind = config::PathMatch::Kind;

// The value of the query's first parameter of that name, as it is written.
std::optional<std::string_view> parameter_of(std::string_view query, std::string_view name) {
  if (query.empty()) return {};
  query.remove_prefix(1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    const size_t equals = std::min(one.find('='), one.size());
    if (one.substr(0, equals) == name) return one.substr(std::min(equals + 1, one.size()));
  }
  return {};
}

}  // namespace

HeaderMatcher::HeaderMatcher(const config::HeaderMatch& match) : match_(match) {
  // So a request's is called here.
  if (match_.name == "host") match_.name = ":authority";
  if (const auto* text = std::get_if<config::StringMatch>(&match_.value)) {
    text_ = std::make_unique<const StringMatcher>(*text);
  }
}

bool HeaderMatcher::matches(const abi::HeaderList& headers) const {
  const bool needs_no_value = std::holds_alternative<std::monostate>(match_.value);
  bool is_there = false;
  bool matches = false;
  for (size_t i = 0; i < headers.count(); ++i) {
    if (headers.name(i) != match_.name) continue;
    is_there = true;
    matches = matches || (!needs_no_value && matches_value(headers.value(i)));
  }
  if (!is_there && match_.missing_is_empty) {
    is_there = true;
    matches = !needs_no_value && matches_value("");
  }
  if (needs_no_value) return (is_there == match_.present) != match_.invert;
  return is_there && matches != match_.invert;
}

bool HeaderMatcher::matches_value(std::string_view value) const {
  if (text_ != nullptr) return text_->matches(value);
  const auto& range = std::get<config::HeaderMatch::Range>(match_.value);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size() && number >= range.start &&
         number < range.end;
}

RequestPath::RequestPath(std::string_view target)
    : path(target.substr(0, target.find_first_of("?#"))), query(target.substr(path.size())) {}

RequestMatcher::RequestMatcher(const config::RouteMatch& match)
    : path_(match.path), grpc_only_(match.grpc_only) {
  if (path_.kind == Kind::Regex) regex_ = std::make_unique<const Regex>(path_.text);
  if (path_.ignore_case) path_.text = lower_case(path_.text);
  for (const config::HeaderMatch& header : match.headers) headers_.emplace_back(header);
  for (const config::QueryMatch& query : match.query) {
    parameters_.push_back(
        {query, query.value ? std::make_unique<const StringMatcher>(*query.value) : nullptr});
  }
}

bool RequestMatcher::matches(const RequestPath& path, const abi::HeaderList& headers) const {
  if (!matches_path(path.path)) return false;
  if (grpc_only_ && !planes::is_grpc_content_type(headers.find("content-type").value_or("")))
    return false;
  return std::ranges::all_of(headers_, [&](const auto& m) { return m.matches(headers); }) &&
         std::ranges::all_of(parameters_,
                             [&](const auto& p) { return matches_parameter(p, path.query); });
}

bool RequestMatcher::matches_path(std::string_view path) const {
  std::string lower;
  if (path_.ignore_case) {
    lower = lower_case(path);
    path = lower;
  }
  switch (path_.kind) {
    case Kind::Prefix:
      return path.starts_with(path_.text);
    case Kind::Path:
      return path == path_.text;
    case Kind::SeparatedPrefix:
      return path.starts_with(path_.text) &&
             (path.size() == path_.text.size() || path[path_.text.size()] == '/');
    case Kind::Regex:
      return regex_->matches(path);
    case Kind::Connect:
      return path.empty();
  }
  return false;
}

bool RequestMatcher::matches_parameter(const Parameter& parameter, std::string_view query) {
  const auto value = parameter_of(query, parameter.match.name);
  if (parameter.value == nullptr) return value.has_value() == parameter.match.present;
  return value && parameter.value->matches(*value);
}

size_t RequestMatcher::matched_size(std::string_view path) const {
  return path_.kind == Kind::Regex ? path.size() : std::min(path_.text.size(), path.size());
}

}  // namespace weir::serve
