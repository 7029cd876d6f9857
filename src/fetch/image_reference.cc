#include "fetch/image_reference.h"

#include "base/shown_url.h"
#include "fetch/image_digest.h"

namespace weir::fetch {
namespace {

constexpr std::string_view kScheme = "oci://";
constexpr size_t kMaxTag = 128;
constexpr size_t kMaxRepository = 255;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// Lower-case letters and digits, with single '.', '_', '-' and '/' between.
bool is_repository(std::string_view text) {
  if (text.empty() || text.size() > kMaxRepository) return false;
  char before = '/';
  for (const char c : text) {
    const bool separator = c == '.' || c == '_' || c == '-' || c == '/';
    if (!separator && !is_lower_or_digit(c)) return false;
    // Docker allows "__" and runs of '-'.
    const bool run = (c == '_' && before == '_') || (c == '-' && before == '-');
    if (separator && !run && !is_lower_or_digit(before)) return false;
    before = c;
  }
  return is_lower_or_digit(before);
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTag || text[0] == '.' || text[0] == '-') return false;
  for (const char c : text) {
    if (!is_lower_or_digit(c) && !is_upper(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

// "host", "host:port", "[::1]:port".
bool is_registry(std::string_view text) {
  if (text.empty()) return false;
  const bool bracketed = text[0] == '[';
  const size_t host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == std::string_view::npos) return false;
  const std::string_view host = text.substr(0, bracketed ? host_end + 1 : host_end);
  for (const char c : host) {
    const bool in_address = bracketed && (c == '[' || c == ']' || c == ':');
    if (!is_lower_or_digit(c) && !is_upper(c) && c != '.' && c != '-' && !in_address) return false;
  }
  std::string_view port = text.substr(host.size());
  if (host.empty() || port.empty()) return !host.empty();
  port.remove_prefix(1);
  return text[host.size()] == ':' && !port.empty() && port.size() <= 5 &&
         port.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool ImageReference::is_loopback() const {
  const std::string_view host = std::string_view(registry).substr(0, registry.rfind(':'));
  const std::string_view name = registry.ends_with(']') ? std::string_view(registry) : host;
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos);
}

bool is_image_uri(std::string_view uri) { return uri.starts_with(kScheme); }

Result<ImageReference> parse_image_reference(std::string_view uri) {
  const auto bad = [&](std::string_view what) {
    return Error{ErrorCode::BadConfig,
                 "'" + shown_url(uri) + "': " + std::string(what) +
                     "; an image is oci://REGISTRY/REPOSITORY:TAG or …@sha256:DIGEST"};
  };
  if (!is_image_uri(uri)) return bad("not an oci:// uri");
  std::string_view rest = uri.substr(kScheme.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad("the repository is missing");
  ImageReference reference;
  reference.registry = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    const std::string_view digest = rest.substr(at + 1);
    if (!digest.starts_with(kSha256Prefix)) return bad("only sha256 digests are known");
    const auto parsed = parse_image_digest(digest);
    if (!parsed) return bad("the digest is not 64 hexadecimal digits");
    reference.digest = to_image_digest(*parsed);
    rest = rest.substr(0, at);
  }
  std::string_view tag = reference.digest.empty() ? "latest" : "";
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_tag(tag)) return bad("not a tag");
  }
  if (reference.digest.empty()) reference.tag = tag;
  if (!is_registry(reference.registry)) return bad("not a registry");
  if (!is_repository(rest)) return bad("not a repository");
  reference.repository = rest;
  return reference;
}

}  // namespace weir::fetch
