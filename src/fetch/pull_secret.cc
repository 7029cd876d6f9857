#include "fetch/pull_secret.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fetch/json_text.h"

namespace weir::fetch {
namespace {

std::string encode_base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  encoded.resize(static_cast<size_t>(size));
  return encoded;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() % 4 != 0 || text.size() > (1 << 20)) return std::nullopt;
  std::string decoded(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  decoded.resize(static_cast<size_t>(size) - std::min(padding, static_cast<size_t>(size)));
  return decoded;
}

// "https://index.docker.io/v1/" is written for docker.io.
std::string_view host_of(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  key = key.substr(0, key.find('/'));
  return key == "index.docker.io" ? "docker.io" : key;
}

Error bad(std::string_view what) {
  return {ErrorCode::BadConfig, "the pull secret " + std::string(what) +
                                    "; it is a Docker config.json, {\"auths\": {\"REGISTRY\": "
                                    "{\"auth\": \"…\"}}}"};
}

Result<Credentials> read_entry(const nlohmann::json& entry) {
  Credentials credentials{.user = text_at(entry, "username"),
                          .password = text_at(entry, "password"),
                          .identity_token = text_at(entry, "identitytoken")};
  if (const std::string auth = text_at(entry, "auth"); !auth.empty()) {
    const auto decoded = decode_base64(auth);
    const size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) return bad("has an 'auth' that is not base64 of USER:PASSWORD");
    credentials.user = decoded->substr(0, colon);
    credentials.password = decoded->substr(colon + 1);
  }
  return credentials;
}

}  // namespace

Result<std::optional<Credentials>> find_credentials(std::string_view config_json,
                                                    std::string_view registry) {
  const auto config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) return bad("is not a JSON object");
  const auto auths = config.contains("auths") ? config["auths"] : config;
  if (!auths.is_object()) return bad("has 'auths' that are not an object");
  for (const auto& [key, entry] : auths.items()) {
    if (host_of(key) != host_of(registry)) continue;
    if (!entry.is_object()) return bad("has an entry that is not an object");
    WEIR_TRY(Credentials credentials, read_entry(entry));
    return std::optional(std::move(credentials));
  }
  return std::optional<Credentials>();
}

std::string basic_authorization(const Credentials& credentials) {
  return "Basic " + encode_base64(credentials.user + ":" + credentials.password);
}

}  // namespace weir::fetch
