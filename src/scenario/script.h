#pragma once
// A scenario file as plain values: a plugin, its surroundings, and what is done.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "runtime/options.h"
#include "runtime/property.h"
#include "scenario/expectations.h"

namespace weir::scenario {

// A request or a response on its way to the plugin.
struct Message {
  std::vector<Field> headers;  // pseudo-headers first
  std::vector<std::string> body;
  std::vector<Field> trailers;

  bool ends_with_headers() const { return body.empty() && trailers.empty(); }
};

struct Match {
  std::vector<Field> headers;       // pseudo-headers too
  std::optional<std::string> body;  // nothing: any
};

struct GrpcReply {
  std::string message;
  uint32_t after_messages = 1;
  Milliseconds delay{0};
};

struct GrpcAnswer {
  std::vector<Field> initial_metadata;
  std::vector<GrpcReply> replies;
  uint32_t status = 0;
  std::string status_message;
  std::vector<Field> trailing_metadata;
  bool keep_open = false;
};

struct Breaks {
  std::string reason;
};
struct Silent {};

struct Answer {
  Match when;
  uint32_t times = 0;  // 0: any number
  Milliseconds delay{0};
  std::variant<Message, GrpcAnswer, Breaks, Silent> content;
};

struct Upstream {
  std::vector<Answer> answers;
  bool unreachable = false;
};

// By name: an attribute of Envoy's ("source.address") or any other path with '.' between segments.
using Properties = std::map<std::string, runtime::PropertyValue, std::less<>>;

// What is around the plugin before it starts.
struct World {
  std::map<std::string, Upstream, std::less<>> upstreams;
  std::map<std::string, std::vector<std::string>, std::less<>> hosts;
  std::map<std::string, std::string> shared_data;
  std::map<std::string, std::vector<std::string>> queues;
  Properties properties;
};

struct HttpStep {
  std::string name;
  Message request;
  std::optional<Message> response;  // nothing: the upstream does not answer yet
  Properties properties;
  Milliseconds patience{60'000};
};

struct AnswerStep {
  std::string http;
  Message response;
};

struct AbortStep {
  std::string http;
};

struct TcpBytes {
  Side from;
  std::string bytes;
};
struct TcpClose {
  Side side;
};
struct Advance {
  Milliseconds by;
};

struct TcpStep {
  std::string name;
  std::vector<std::variant<TcpBytes, TcpClose, Advance>> events;
  Properties properties;
};

struct EnqueueStep {
  std::string queue;
  std::string item;
};

struct SetDataStep {
  std::string key;
  std::string value;
};

struct Step {
  std::string where;
  std::string title;  // "http 'first'"
  std::variant<std::monostate, HttpStep, AnswerStep, AbortStep, TcpStep, Advance, EnqueueStep,
               SetDataStep>
      what;
  std::optional<Expectations> expect;
};

struct Scenario {
  std::string where;
  std::string name;
  std::optional<std::string> configuration;  // in the place of the plugin's
  std::string refused;                       // part of the reason; empty: it is to start
  World world;
  std::optional<Expectations> start;
  std::vector<Step> steps;
  std::filesystem::path golden;  // empty: none
  std::string golden_where;
};

struct Suite {
  std::string file;
  std::string plugin_where;
  runtime::PluginOptions plugin;               // its code is read
  std::vector<std::filesystem::path> sources;  // files that it was read from
  std::vector<Scenario> scenarios;
};

}  // namespace weir::scenario
