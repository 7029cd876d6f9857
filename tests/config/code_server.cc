#include "config/code_server.h"

#include <chrono>
#include <thread>

#include "config/trial.h"

namespace weir::test {
namespace {

using fetch::test::FakeRequest;
using fetch::test::FakeResponse;

FakeResponse answer(const FakeRequest& request, const std::string& host) {
  if (request.target == "/plugin.wasm") return {.body = plugin_code()};
  if (request.target == "/elsewhere") {
    return {.status = 302, .headers = {"location: http://" + host + "/plugin.wasm"}};
  }
  if (request.target.starts_with("/locked")) return {.status = 401};
  if (request.target.starts_with("/v2/locked/")) {
    return {.status = 401, .headers = {"www-authenticate: Basic realm=\"r\""}};
  }
  if (request.target == "/late") std::this_thread::sleep_for(std::chrono::milliseconds(200));
  return {.status = 404};
}

}  // namespace

CodeServer::CodeServer()
    : server_([this](const FakeRequest& request) { return answer(request, host()); }) {}

std::string CodeServer::named_in(std::string text) const {
  constexpr std::string_view kName = "@server";
  for (size_t at = 0; (at = text.find(kName, at)) != std::string::npos;) {
    text.replace(at, kName.size(), host());
  }
  return text;
}

}  // namespace weir::test
