#pragma once
// A server on loopback that has plugin.wasm.

#include <string>

#include "fetch/server_fakes.h"

namespace weir::test {

class CodeServer {
 public:
  CodeServer();

  // "127.0.0.1:PORT"
  std::string host() const { return server_.host(); }
  // `text` with the host in place of "@server".
  std::string named_in(std::string text) const;

 private:
  fetch::test::FakeServer server_;
};

}  // namespace weir::test
