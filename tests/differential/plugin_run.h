#pragma once
// A plugin on one engine, in a world of fakes that answers the same each time: all that it does and
// all that comes out is written into a transcript.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "differential/contenders.h"
#include "differential/transcript.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "runtime/options.h"
#include "support/fake_streams.h"
#include "support/test_host.h"

namespace weir::test {

// A request and the upstream's response, besides what is the same in all: see plugin_run.cc.
struct Exchange {
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;   // of the request
  std::vector<std::string> body;                              // both ways, piece by piece
  std::vector<std::pair<std::string, std::string>> trailers;  // both ways
};

// A connection between a client and an upstream, which send these bytes in turn.
struct Connection {
  struct Piece {
    Direction from;  // Request: the client
    std::string bytes;
    abi::EndOfStream end = abi::EndOfStream::No;
  };
  std::vector<Piece> pieces;
};

enum class Calls : uint8_t { Told, Untold };

// Plugins can call these upstreams:
//   auth         answers with headers, a body in two pieces, trailers
//   echo         answers a gRPC request with the messages that it was sent
//   bare         answers with headers alone
//   broken       breaks off after its headers
//   silent       does not answer
//   unreachable  cannot be connected
// Time moves by 5 ms after each callback. Thread: the one that made it.
class PluginRun {
 public:
  // The plugin runs on the contender's engine, whatever options.vm.engine is. What it does inside,
  // call by call, is in the transcript where `calls` says so. The references outlive the run.
  PluginRun(const Contender& contender, const engine::CodeCache& cache,
            runtime::PluginOptions options, Transcript& transcript, Calls calls = Calls::Told);

  void exchange(const Exchange& exchange);
  void connection(const Connection& connection);

 private:
  // Callbacks of one direction; false: the stream has been ended meanwhile.
  bool pass(Direction direction, const Exchange& exchange);
  bool pass_headers(Direction direction, const Exchange& exchange);
  bool pass_body(Direction direction, const Exchange& exchange);
  bool pass_trailers(Direction direction, const Exchange& exchange);

  // Answers what the plugin has asked for and lets time pass. False: the stream has been ended.
  bool settle();
  void answer_requests();
  void note_events();
  void note_map(std::string_view what, abi::MapType type);

  Transcript& transcript_;
  Transcript untold_;
  engine::Engines engines_;
  TestHost host_;
  TestWorker worker_{host_};
  std::unique_ptr<runtime::WorkerPlugin> plugin_;
  size_t answered_ = 0;
  // Of the exchange that goes on.
  std::unique_ptr<FakeHttpStream> stream_;
  std::unique_ptr<runtime::HttpContext> context_;
  bool ended_ = false;
};

}  // namespace weir::test
