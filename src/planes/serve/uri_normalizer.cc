#include "planes/serve/uri_normalizer.h"

#include <array>

#include "base/lower_case.h"
#include "base/percent.h"
#include "planes/common/authority.h"

namespace weir::serve {
namespace {

// What is done with a character of a path.
enum class Form : uint8_t {
  AsIs,        // and so is its escape
  Unreserved,  // never escaped (RFC 3986, section 2.3)
  Escaped,     // always escaped
  Forbidden,
};

constexpr std::array<Form, 256> kForms = [] {
  std::array<Form, 256> forms{};
  for (size_t c = 0; c < forms.size(); ++c) {
    if (c < 0x20 || c >= 0x7f) forms[c] = Form::Escaped;
  }
  forms[0] = Form::Forbidden;
  for (unsigned c = '0'; c <= '9'; ++c) forms[c] = Form::Unreserved;
  for (unsigned c = 'a'; c <= 'z'; ++c) forms[c] = Form::Unreserved;
  for (unsigned c = 'A'; c <= 'Z'; ++c) forms[c] = Form::Unreserved;
  for (const char c : std::string_view("-._~")) {
    forms[static_cast<unsigned char>(c)] = Form::Unreserved;
  }
  for (const char c : std::string_view(" \"#<>?^`{|}")) {
    forms[static_cast<unsigned char>(c)] = Form::Escaped;
  }
  return forms;
}();

Form form_of(char c) { return kForms[static_cast<unsigned char>(c)]; }

// The path without "." and "..", of which each segment but the last ends with a slash.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(last ? path.size() : slash + 1);
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." && !out.empty()) continue;
    if (name == ".." && !out.empty()) {
      // Up to the slash before; the first one stays.
      if (out.size() > 1) out.resize(out.rfind('/', out.size() - 2) + 1);
      continue;
    }
    out += segment;
    if (!last) out += '/';
  }
  return out;
}

// Whether there were any.
bool unescape_slashes(std::string& path) {
  std::string out;
  bool found = false;
  for (size_t i = 0; i < path.size(); ++i) {
    const char escaped = percent_byte(std::string_view(path).substr(i)).value_or('\0');
    if (escaped == '/' || escaped == '\\') {
      out += escaped;
      i += 2;
      found = true;
    } else {
      out += path[i];
    }
  }
  if (found) path = std::move(out);
  return found;
}

void merge_slashes(std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  path = std::move(out);
}

UriVerdict rewrite_path(const config::UriRules& rules, HeaderList& request) {
  using enum config::UriRules::EscapedSlashes;
  const auto target = request.find(":path");
  if (!target || !target->starts_with('/')) return UriVerdict::Forward;
  const size_t query = std::min(target->find('?'), target->size());
  std::string path(target->substr(0, query));
  UriVerdict verdict = UriVerdict::Forward;
  if (rules.escaped_slashes != Keep && unescape_slashes(path)) {
    if (rules.escaped_slashes == Reject) return UriVerdict::Reject;
    if (rules.escaped_slashes == Redirect) verdict = UriVerdict::Redirect;
  }
  if (rules.normalize_path) {
    auto normal = normalize_path(path);
    if (!normal) return UriVerdict::Reject;
    path = std::move(*normal);
  }
  if (rules.merge_slashes) merge_slashes(path);
  path += target->substr(query);
  if (path == *target) return verdict;
  return request.replace(":path", path) ? verdict : UriVerdict::Reject;
}

void rewrite_authority(const config::UriRules& rules, uint16_t port, HeaderList& request) {
  using enum config::UriRules::StripPort;
  const std::string given(request.find(":authority").value_or(""));
  const auto authority = planes::parse_authority(given);
  if (!authority || request.find(":method") == "CONNECT") return;
  std::string_view host = authority->host;
  if (rules.strip_trailing_dot && host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  const bool strips = rules.strip_port == Any ||
                      (rules.strip_port == Matching && authority->port == std::to_string(port));
  std::string wanted(host);
  if (!strips) wanted += given.substr(authority->host.size());
  // It is shorter, so there is room.
  if (wanted != given) static_cast<void>(request.replace(":authority", wanted));
}

}  // namespace

std::optional<std::string> normalize_path(std::string_view path) {
  std::string plain;
  size_t stray = std::string::npos;  // the last "%" there that has begun no escape
  for (size_t i = 0; i < path.size(); ++i) {
    const auto escaped = percent_byte(path.substr(i));
    const Form form = form_of(escaped.value_or(path[i]));
    if (form == Form::Forbidden) return std::nullopt;
    if (!escaped && path[i] == '%') stray = plain.size();
    if (!escaped && path[i] == '\\') {
      plain += '/';
    } else if (escaped && form == Form::Unreserved) {
      plain += *escaped;
      i += 2;
    } else if (escaped) {
      plain += path.substr(i, 3);
      i += 2;
    } else if (form == Form::Escaped) {
      append_percent(plain, path[i]);
    } else {
      plain += path[i];
    }
    // What was undone behind it would be an escape now, of a dot perhaps.
    if (stray < plain.size() && percent_byte(std::string_view(plain).substr(stray))) {
      plain.insert(stray + 1, "25");
      stray = std::string::npos;
    }
  }
  return without_dots(plain);
}

UriVerdict normalize_uri(const config::UriRules& rules, uint16_t port, HeaderList& request) {
  const UriVerdict verdict = rewrite_path(rules, request);
  if (rules.strip_trailing_dot || rules.strip_port != config::UriRules::StripPort::Never) {
    rewrite_authority(rules, port, request);
  }
  return verdict;
}

}  // namespace weir::serve
