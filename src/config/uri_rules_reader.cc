#include "config/uri_rules_reader.h"

namespace weir::config {
namespace {

using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

UriRules::EscapedSlashes read_escaped_slashes(
    HttpConnectionManager::PathWithEscapedSlashesAction action) {
  using enum UriRules::EscapedSlashes;
  switch (action) {
    case HttpConnectionManager::REJECT_REQUEST:
      return Reject;
    case HttpConnectionManager::UNESCAPE_AND_REDIRECT:
      return Redirect;
    case HttpConnectionManager::UNESCAPE_AND_FORWARD:
      return Unescape;
    default:
      return Keep;
  }
}

}  // namespace

Result<UriRules> read_uri_rules(const HttpConnectionManager& manager, const Place& at) {
  UriRules rules;
  rules.normalize_path = manager.normalize_path().value();
  rules.merge_slashes = manager.merge_slashes();
  rules.escaped_slashes = read_escaped_slashes(manager.path_with_escaped_slashes_action());
  rules.strip_trailing_dot = manager.strip_trailing_host_dot();
  if (manager.strip_any_host_port() && manager.strip_matching_host_port()) {
    return at.field("strip_matching_host_port")
        .error("strip_any_host_port says more already: leave one of the two out");
  }
  if (manager.strip_matching_host_port()) rules.strip_port = UriRules::StripPort::Matching;
  if (manager.strip_any_host_port()) rules.strip_port = UriRules::StripPort::Any;
  return rules;
}

}  // namespace weir::config
