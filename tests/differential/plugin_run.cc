#include "differential/plugin_run.h"

#include "base/check.h"
#include "differential/tracing_engine.h"

namespace weir::test {
namespace {

using abi::EndOfStream;
using abi::HeaderList;
using abi::MapType;
using runtime::Attribute;
using namespace std::string_view_literals;

constexpr Milliseconds kStep{5};

std::string number(auto action) { return std::to_string(static_cast<uint32_t>(action)); }

std::string fields(const abi::HeaderMap& map) {
  std::string text;
  map.for_each([&](std::string_view name, std::string_view value) {
    text.append(" ").append(name).append("=").append(quoted(as_bytes(value)));
  });
  return text;
}

// A failure's line tells the engine's own words, which differ, after what was done and the kind:
// "plugin 'faults': proxy_on_request_headers: unreachable: wasm trap: ... at rust_panic < ...".
std::string without_engines_words(std::string line) {
  constexpr int kFieldsKept = 3;
  size_t end = line.find("plugin '");
  for (int i = 0; i < kFieldsKept && end != line.npos; ++i) end = line.find(": ", end + 1);
  if (end != line.npos) line.resize(end);
  return line;
}

bool ends_stream(std::string_view event) {
  return event.starts_with("local response") || event.starts_with("fail: ") || event == "reset" ||
         event.starts_with("close ");
}

HeaderList with(HeaderList list, const std::vector<std::pair<std::string, std::string>>& more) {
  for (const auto& [name, value] : more) WEIR_CHECK(list.add(name, value));
  return list;
}

MapType headers_of(Direction direction) {
  return direction == Direction::Request ? MapType::RequestHeaders : MapType::ResponseHeaders;
}
MapType trailers_of(Direction direction) {
  return direction == Direction::Request ? MapType::RequestTrailers : MapType::ResponseTrailers;
}

void answer(UpstreamRequest& request) {
  const std::string& upstream = request.upstream;
  if (upstream == "silent") return;
  if (upstream == "bare") {
    request.answer_headers({{":status", "204"}}, EndOfStream::Yes);
    return;
  }
  // Each part of an answer may move the plugin to give the request up.
  const auto unless_given_up = [&](auto part) {
    if (!request.reset) part();
  };
  request.answer_headers({{":status", "200"}, {"x-auth", "granted"}, {"x-initial", "first"}});
  if (upstream == "broken") {
    unless_given_up([&] { request.fail("connection reset"); });
  } else if (upstream == "echo") {
    const std::string sent = request.body;
    unless_given_up([&] { request.answer_data(sent.substr(0, sent.size() / 2)); });
    unless_given_up([&] { request.answer_data(sent.substr(sent.size() / 2)); });
    unless_given_up([&] { request.answer_trailers({{"grpc-status", "0"}, {"x-trailing", "1"}}); });
  } else {
    unless_given_up([&] { request.answer_data("pong"); });
    unless_given_up([&] { request.answer_data("\0\xff"sv); });
    unless_given_up([&] { request.answer_trailers({{"x-pong", "1"}}); });
  }
}

}  // namespace

PluginRun::PluginRun(const Contender& contender, const engine::CodeCache& cache,
                     runtime::PluginOptions options, Transcript& transcript, Calls calls)
    : transcript_(transcript), engines_({}, {}), host_(engines_, cache) {
  const engine::Limits limits{.max_memory_bytes = options.vm.limits.max_memory_bytes};
  engines_.provide("wasmtime", make_tracing_engine(contender, cache, limits,
                                                   calls == Calls::Told ? transcript : untold_));
  options.vm.engine = "wasmtime";
  auto& upstreams = worker_.services.upstreams();
  for (const char* upstream : {"auth", "echo", "bare", "broken", "silent"}) upstreams.add(upstream);
  upstreams.add_unreachable("unreachable");

  host_.log.set_level(LogLevel::Trace);
  plugin_ = worker_.start(host_.load(options));
  settle();
}

void PluginRun::exchange(const Exchange& exchange) {
  transcript_.add("exchange " + exchange.path);
  ended_ = false;
  stream_ = std::make_unique<FakeHttpStream>(host_.journal);
  stream_->attributes = {{Attribute::RequestProtocol, "HTTP/1.1"sv},
                         {Attribute::SourceAddress, "127.0.0.1:4000"sv},
                         {Attribute::SourcePort, int64_t{4000}},
                         {Attribute::ConnectionMtls, false},
                         {Attribute::RequestTime, runtime::Timestamp{1'700'000'000'123'456'789}}};
  context_ = plugin_->make_http_context(*stream_);
  if (pass(Direction::Request, exchange)) {
    stream_->attributes[Attribute::ResponseCode] = int64_t{200};
    pass(Direction::Response, exchange);
  }
  transcript_.add("finish: " + std::to_string(context_->finish()));
  settle();
  context_.reset();
  settle();
}

void PluginRun::connection(const Connection& connection) {
  transcript_.add("connection");
  ended_ = false;
  FakeNetworkStream stream(host_.journal);
  stream.attributes = {{Attribute::SourceAddress, "127.0.0.1:4000"sv},
                       {Attribute::SourcePort, int64_t{4000}},
                       {Attribute::DestinationAddress, "127.0.0.1:5000"sv},
                       {Attribute::ConnectionId, uint64_t{17}}};
  auto context = plugin_->make_network_context(stream);
  transcript_.add("new connection: " + number(context->on_new_connection()));
  bool goes_on = settle();
  for (const Connection::Piece& piece : connection.pieces) {
    if (!goes_on) break;
    auto& data = stream.data_of(piece.from);
    // What the plugin held back comes first.
    data.emplace((data ? data->text() : "") + piece.bytes);
    const auto action = context->on_data(piece.from, piece.end);
    transcript_.add("data: " + number(action));
    goes_on = settle();
    transcript_.add("data is " + quoted(as_bytes(data->text())));
    if (action == abi::NetworkAction::Continue) data.reset();
  }
  for (const Direction side : {Direction::Request, Direction::Response}) {
    context->on_close(side, abi::PeerType::Remote);
  }
  transcript_.add("finish: " + std::to_string(context->finish()));
  settle();
  context.reset();
  settle();
}

bool PluginRun::pass(Direction direction, const Exchange& exchange) {
  return pass_headers(direction, exchange) && pass_body(direction, exchange) &&
         pass_trailers(direction, exchange);
}

bool PluginRun::pass_headers(Direction direction, const Exchange& exchange) {
  const MapType type = headers_of(direction);
  const bool last = exchange.body.empty() && exchange.trailers.empty();
  if (direction == Direction::Request) {
    stream_->headers(type) = with({{":method", "POST"},
                                   {":path", exchange.path},
                                   {":authority", "weir.test"},
                                   {"user-agent", "differential"},
                                   {"x-multi", "client"},
                                   {"x-multi", "again"},
                                   {"x-set", "client"},
                                   {"x-remove", "client"}},
                                  exchange.headers);
  } else {
    stream_->headers(type) = HeaderList{
        {":status", "200"}, {"x-set", "up"}, {"x-remove", "up"}, {"content-length", "9"}};
  }
  const auto action = context_->on_headers(direction, last ? EndOfStream::Yes : EndOfStream::No);
  transcript_.add("headers: " + number(action));
  const bool goes_on = settle();
  note_map("headers", type);
  return goes_on;
}

bool PluginRun::pass_body(Direction direction, const Exchange& exchange) {
  auto& body = stream_->body_of(direction);
  for (size_t i = 0; i < exchange.body.size(); ++i) {
    const bool last = i + 1 == exchange.body.size() && exchange.trailers.empty();
    // What the plugin held back comes first.
    body.emplace((body ? body->text() : "") + exchange.body[i]);
    if (last) stream_->headers(trailers_of(direction)).emplace();
    const auto action = context_->on_body(direction, last ? EndOfStream::Yes : EndOfStream::No);
    transcript_.add("body: " + number(action));
    const bool goes_on = settle();
    transcript_.add("body is " + quoted(as_bytes(body->text())));
    if (!goes_on) return false;
    if (action == abi::DataAction::Continue || action == abi::DataAction::StopIterationNoBuffer) {
      body.reset();
    }
    if (last) note_map("trailers", trailers_of(direction));
  }
  return true;
}

bool PluginRun::pass_trailers(Direction direction, const Exchange& exchange) {
  if (exchange.trailers.empty()) return true;
  stream_->headers(trailers_of(direction)) = with({}, exchange.trailers);
  transcript_.add("trailers: " + number(context_->on_trailers(direction)));
  const bool goes_on = settle();
  note_map("trailers", trailers_of(direction));
  return goes_on;
}

bool PluginRun::settle() {
  worker_.services.run();
  answer_requests();
  worker_.services.advance(kStep);
  answer_requests();
  note_events();
  return !ended_;
}

void PluginRun::answer_requests() {
  auto& upstreams = worker_.services.upstreams();
  for (; answered_ < upstreams.count(); ++answered_) {
    UpstreamRequest& request = upstreams.request(answered_);
    transcript_.add("request to " + request.upstream + (request.reset ? ", given up:" : ":") +
                    fields(request.headers) + " body " + quoted(as_bytes(request.body)) +
                    (request.trailers ? " trailers" + fields(*request.trailers) : ""));
    if (!request.reset) answer(request);
    worker_.services.run();
  }
}

void PluginRun::note_events() {
  for (const auto& line : host_.log.take()) {
    transcript_.add("log " + number(line.level) + " " +
                    quoted(as_bytes(without_engines_words(line.text))));
  }
  for (const std::string& event : host_.journal.take()) {
    transcript_.add(without_engines_words(event));
    ended_ = ended_ || ends_stream(event);
  }
}

void PluginRun::note_map(std::string_view what, MapType type) {
  if (const auto& map = stream_->headers(type)) {
    transcript_.add(std::string(what).append(":").append(fields(*map)));
  }
}

}  // namespace weir::test
