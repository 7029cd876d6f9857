// A program as authors for the usual C++ SDK write them, with what their standard library gives: a
// login by the scheme Basic for the paths that a pattern names. The configuration has lines
// `protect PATTERN` and `user NAME PASSWORD`.
//
// Who logs in goes on with `x-user`, and the response tells by `x-logins` how often each has done
// so, by their names. Parsers throw, and the callbacks catch: as native code a request that makes
// no sense is answered 401, with its fault in `www-authenticate`; as a .wasm file it ends the
// instance.

#include <algorithm>
#include <cctype>
#include <iomanip>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy_wasm_intrinsics.h"

namespace {

class LoginError : public std::runtime_error {
 public:
  explicit LoginError(const std::string& what) : std::runtime_error(what) {}
};

std::string base64Decode(const std::string& text) {
  static const std::string kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string decoded;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    const auto value = kAlphabet.find(c);
    if (value == std::string::npos) {
      std::ostringstream what;
      what << "0x" << std::hex << std::setw(2) << std::setfill('0')
           << static_cast<unsigned>(static_cast<unsigned char>(c)) << " is not base64";
      throw LoginError(what.str());
    }
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      decoded.push_back(static_cast<char>((bits >> count) & 0xff));
    }
  }
  return decoded;
}

struct Credentials {
  std::string user;
  std::string password;
};

std::optional<Credentials> parseAuthorization(const std::string& header) {
  if (header.empty()) return std::nullopt;
  static const std::regex kBasic("Basic +([^ ]+)", std::regex::icase);
  std::smatch match;
  if (!std::regex_match(header, match, kBasic)) throw LoginError("the scheme is not Basic");
  const std::string pair = base64Decode(match[1]);
  const auto colon = pair.find(':');
  if (colon == std::string::npos) throw LoginError("no colon between user and password");
  return Credentials{pair.substr(0, colon), pair.substr(colon + 1)};
}

// Who has logged in, and how often. Callbacks of several threads come here in a native plugin.
class Logins {
 public:
  void add(const std::string& user) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++counts_[user];
  }

  std::string text() const {
    std::unique_lock<std::mutex> lock(mutex_);
    std::ostringstream out;
    for (const auto& [user, count] : counts_) {
      out << (out.tellp() > 0 ? ", " : "") << user << "=" << count;
    }
    return out.str();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
};

Logins& logins() {
  static Logins all;
  return all;
}

}  // namespace

class LoginRootContext : public RootContext {
 public:
  explicit LoginRootContext(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onConfigure(size_t size) override {
    try {
      parse(getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString());
      return true;
    } catch (const std::exception& e) {
      LOG_ERROR(std::string("configuration: ") + e.what());
      return false;
    }
  }

  bool isProtected(const std::string& path) const {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::regex& each) { return std::regex_search(path, each); });
  }

  bool isRight(const Credentials& credentials) const {
    const auto found = passwords_.find(credentials.user);
    return found != passwords_.end() && found->second == credentials.password;
  }

 private:
  void parse(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      std::istringstream words(line);
      std::string kind, first, second;
      words >> kind >> first >> second;
      if (kind == "protect") {
        patterns_.emplace_back(first);
      } else if (kind == "user" && !second.empty()) {
        passwords_[first] = second;
      } else {
        throw std::invalid_argument("line " + std::to_string(number) + ": '" + line + "'");
      }
    }
  }

  std::vector<std::regex> patterns_;
  std::unordered_map<std::string, std::string> passwords_;
};

class LoginContext : public Context {
 public:
  explicit LoginContext(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    const auto* config = dynamic_cast<LoginRootContext*>(root());
    if (!config->isProtected(getRequestHeader(":path")->toString())) {
      return FilterHeadersStatus::Continue;
    }
    try {
      const auto credentials = parseAuthorization(getRequestHeader("authorization")->toString());
      if (!credentials) return refuse("no login");
      if (!config->isRight(*credentials)) return refuse("unknown user or password");
      logins().add(credentials->user);
      addRequestHeader("x-user", credentials->user);
      std::cout << credentials->user << " is in" << std::endl;
    } catch (const LoginError& e) {
      return refuse(e.what());
    }
    return FilterHeadersStatus::Continue;
  }

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-logins", logins().text());
    return FilterHeadersStatus::Continue;
  }

 private:
  FilterHeadersStatus refuse(const std::string& why) {
    std::ostringstream challenge;
    challenge << "Basic realm=" << std::quoted("shop") << ", error=" << std::quoted(why);
    sendLocalResponse(401, "login", "", {{"www-authenticate", challenge.str()}});
    return FilterHeadersStatus::StopIteration;
  }
};

static RegisterContextFactory register_Login(CONTEXT_FACTORY(LoginContext),
                                             ROOT_FACTORY(LoginRootContext));
