#include "config/match_reader.h"

#include <re2/re2.h>

#include "config/header_edit_reader.h"

namespace weir::config {
namespace {

namespace route_v3 = envoy::config::route::v3;
namespace matcher = envoy::type::matcher::v3;
using Kind = StringMatch::Kind;

Result<StringMatch> read_text(Kind kind, const std::string& text, const Place& at) {
  // Only an exact match can be meant to be with nothing.
  if (text.empty() && kind != Kind::Exact) return at.error("empty; it would match everything");
  return StringMatch{.kind = kind, .text = text};
}

Result<HeaderMatch::Range> read_range(const envoy::type::v3::Int64Range& range, const Place& at) {
  if (range.start() < range.end()) return HeaderMatch::Range{range.start(), range.end()};
  return at.error("holds no number: 'end' is not within the range, and has to be above 'start'");
}

Result<QueryMatch> read_query_match(const route_v3::QueryParameterMatcher& message,
                                    const Place& at) {
  QueryMatch match{.name = message.name()};
  if (message.has_string_match()) {
    WEIR_TRY(match.value, read_string_match(message.string_match(), at.field("string_match")));
  }
  if (message.has_present_match()) match.present = message.present_match();
  return match;
}

using HeaderValue = decltype(HeaderMatch::value);

Result<HeaderValue> read_header_value(const route_v3::HeaderMatcher& message, const Place& at) {
  using route_v3::HeaderMatcher;
  const auto text = [&](Kind kind, const std::string& with,
                        std::string_view field) -> Result<HeaderValue> {
    WEIR_TRY(StringMatch match, read_text(kind, with, at.field(field)));
    return HeaderValue(std::move(match));
  };
  switch (message.header_match_specifier_case()) {
    case HeaderMatcher::kExactMatch:
      return text(Kind::Exact, message.exact_match(), "exact_match");
    case HeaderMatcher::kPrefixMatch:
      return text(Kind::Prefix, message.prefix_match(), "prefix_match");
    case HeaderMatcher::kSuffixMatch:
      return text(Kind::Suffix, message.suffix_match(), "suffix_match");
    case HeaderMatcher::kContainsMatch:
      return text(Kind::Contains, message.contains_match(), "contains_match");
    case HeaderMatcher::kSafeRegexMatch: {
      WEIR_TRY(std::string regex,
               read_regex(message.safe_regex_match(), at.field("safe_regex_match")));
      return HeaderValue(StringMatch{.kind = Kind::Regex, .text = std::move(regex)});
    }
    case HeaderMatcher::kStringMatch: {
      WEIR_TRY(StringMatch match,
               read_string_match(message.string_match(), at.field("string_match")));
      return HeaderValue(std::move(match));
    }
    case HeaderMatcher::kRangeMatch: {
      WEIR_TRY(HeaderMatch::Range range,
               read_range(message.range_match(), at.field("range_match")));
      return HeaderValue(range);
    }
    case HeaderMatcher::kPresentMatch:
    case HeaderMatcher::HEADER_MATCH_SPECIFIER_NOT_SET:
      break;
  }
  return HeaderValue();
}

Done check_path(const std::string& path, const Place& at) {
  if (!path.starts_with('/')) return at.error("has to start with '/'");
  if (path.find_first_of("?#") != std::string::npos) {
    return at.error("has '?' or '#'; only the path before a query is compared");
  }
  return Unit{};
}

Result<PathMatch> read_path_match(const route_v3::RouteMatch& message, const Place& at) {
  using route_v3::RouteMatch;
  PathMatch match;
  if (message.has_case_sensitive()) match.ignore_case = !message.case_sensitive().value();
  const auto literal = [&](PathMatch::Kind kind, const std::string& path,
                           const Place& here) -> Result<PathMatch> {
    WEIR_TRY(check_path(path, here));
    match.kind = kind;
    match.text = path;
    return match;
  };
  switch (message.path_specifier_case()) {
    case RouteMatch::kPrefix:
      return literal(PathMatch::Kind::Prefix, message.prefix(), at.field("prefix"));
    case RouteMatch::kPath:
      return literal(PathMatch::Kind::Path, message.path(), at.field("path"));
    case RouteMatch::kPathSeparatedPrefix: {
      const Place here = at.field("path_separated_prefix");
      if (message.path_separated_prefix().ends_with('/')) {
        return here.error("has '/' at its end; leave it out, what follows a match begins with it");
      }
      return literal(PathMatch::Kind::SeparatedPrefix, message.path_separated_prefix(), here);
    }
    case RouteMatch::kSafeRegex: {
      if (match.ignore_case) {
        return at.field("case_sensitive")
            .error("an expression says so itself; begin safe_regex with (?i)");
      }
      WEIR_TRY(match.text, read_regex(message.safe_regex(), at.field("safe_regex")));
      match.kind = PathMatch::Kind::Regex;
      return match;
    }
    case RouteMatch::kConnectMatcher:
      match.kind = PathMatch::Kind::Connect;
      return match;
    case RouteMatch::PATH_SPECIFIER_NOT_SET:
      break;
  }
  return at.error("says nothing of the path; write prefix: /");
}

}  // namespace

Result<StringMatch> read_string_match(const matcher::StringMatcher& message, const Place& at) {
  using matcher::StringMatcher;
  const auto read = [&]() -> Result<StringMatch> {
    switch (message.match_pattern_case()) {
      case StringMatcher::kExact:
        return read_text(Kind::Exact, message.exact(), at.field("exact"));
      case StringMatcher::kPrefix:
        return read_text(Kind::Prefix, message.prefix(), at.field("prefix"));
      case StringMatcher::kSuffix:
        return read_text(Kind::Suffix, message.suffix(), at.field("suffix"));
      case StringMatcher::kContains:
        return read_text(Kind::Contains, message.contains(), at.field("contains"));
      case StringMatcher::kSafeRegex: {
        WEIR_TRY(std::string regex, read_regex(message.safe_regex(), at.field("safe_regex")));
        return StringMatch{.kind = Kind::Regex, .text = std::move(regex)};
      }
      case StringMatcher::MATCH_PATTERN_NOT_SET:
        break;
    }
    return at.error("says nothing to compare with; write exact: text");
  };
  WEIR_TRY(StringMatch match, read());
  if (message.ignore_case() && match.kind == Kind::Regex) {
    return at.field("ignore_case").error("an expression says so itself; begin it with (?i)");
  }
  match.ignore_case = message.ignore_case();
  return match;
}

Result<std::string> read_regex(const matcher::RegexMatcher& message, const Place& at) {
  const Place here = at.field("regex");
  if (message.regex().empty()) return here.error("empty; write .* for everything");
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 compiled(message.regex(), options);
  if (compiled.ok()) return message.regex();
  return here.error(quote(message.regex()) + " is no expression of RE2: " + compiled.error());
}

Result<RegexRewrite> read_regex_rewrite(const matcher::RegexMatchAndSubstitute& message,
                                        const Place& at) {
  RegexRewrite rewrite{.substitution = message.substitution()};
  WEIR_TRY(rewrite.pattern, read_regex(message.pattern(), at.field("pattern")));
  std::string error;
  if (re2::RE2(rewrite.pattern).CheckRewriteString(rewrite.substitution, &error)) return rewrite;
  return at.field("substitution").error(error);
}

Result<HeaderMatch> read_header_match(const route_v3::HeaderMatcher& message, const Place& at) {
  HeaderMatch match{.invert = message.invert_match(),
                    .missing_is_empty = message.treat_missing_header_as_empty()};
  WEIR_TRY(match.name, read_header_name(message.name(), at.field("name")));
  WEIR_TRY(match.value, read_header_value(message, at));
  if (message.has_present_match()) match.present = message.present_match();
  return match;
}

Result<RouteMatch> read_route_match(const route_v3::RouteMatch& message, const Place& at) {
  RouteMatch match;
  WEIR_TRY(match.path, read_path_match(message, at));
  for (int i = 0; i < message.headers_size(); ++i) {
    const Place here = at.field("headers").item(static_cast<size_t>(i));
    WEIR_TRY(HeaderMatch header, read_header_match(message.headers(i), here));
    match.headers.push_back(std::move(header));
  }
  for (int i = 0; i < message.query_parameters_size(); ++i) {
    const Place here = at.field("query_parameters").item(static_cast<size_t>(i));
    WEIR_TRY(QueryMatch query, read_query_match(message.query_parameters(i), here));
    match.query.push_back(std::move(query));
  }
  match.grpc_only = message.has_grpc();
  return match;
}

}  // namespace weir::config
