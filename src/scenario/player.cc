#include "scenario/player.h"

#include "base/check.h"
#include "engine/engines.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"
#include "runtime/vm.h"

namespace weir::scenario {

using abi::EndOfStream;

namespace {

// What the names of plugins' own metrics begin with in the store.
constexpr std::string_view kPluginMetrics = "wasmcustom.";

}  // namespace

Player::Player(const Parts& parts)
    : parts_(parts),
      host_({.engines = parts.engines,
             .code_cache = parts.code_cache,
             .clock = clock_,
             .logger = journal_,
             .metrics = metrics_}),
      loop_(clock_, parts.world.hosts),
      upstreams_(parts.world.upstreams, loop_, journal_) {
  loop_.set_upstreams(upstreams_);
}

Player::~Player() { end(); }

Done Player::start(const runtime::PluginOptions& options) {
  const SystemClock real;
  const Nanoseconds begin = real.monotonic();
  WEIR_TRY(auto plugin, host_.load(options, parts_.try_out));
  start_times_.load = real.monotonic() - begin;
  forget_trial(*plugin);
  journal_.set_prefix(plugin->log_prefix());
  const runtime::CallLimits& limits = options.vm.limits;
  auto& store = plugin->vm()->shared_data();
  for (const auto& [key, value] : parts_.world.shared_data) {
    if (store.set(key, value, 0, limits.max_shared_data_bytes) == abi::Status::Ok) continue;
    return Error{ErrorCode::LimitExceeded, "shared_data: there is no room for '" + key + "'"};
  }
  for (const auto& [name, items] : parts_.world.queues) {
    uint32_t id = 0;
    bool fits = host_.shared_queues().open(plugin->vm()->shared_queues(), name, nullptr,
                                           limits.max_queue_bytes, id) == abi::Status::Ok;
    for (const std::string& item : items) {
      fits = fits && host_.shared_queues().enqueue(id, item) == abi::Status::Ok;
    }
    if (!fits) return Error{ErrorCode::LimitExceeded, "queues: no room in '" + name + "'"};
  }
  worker_ = std::make_unique<runtime::Worker>(host_, loop_);
  if (parts_.recorder != nullptr) parts_.recorder->begin(journal_);
  const Nanoseconds loaded = real.monotonic();
  WEIR_TRY(plugin_, worker_->start(std::move(plugin)));
  start_times_.start = real.monotonic() - loaded;
  loop_.run();
  return Unit{};
}

// The scenario's world sees one start, the one to come.
void Player::forget_trial(const runtime::Plugin& plugin) {
  journal_.forget_logs_of(plugin.log_prefix());
  metrics_.reset(kPluginMetrics);
  plugin.vm()->shared_data().clear();
}

std::string Player::refusal_text(const Error& error) const {
  std::string text = error.message;
  for (const SeenLog& log : journal_.logs_since({})) {
    // What ended the start has been logged as well.
    if (log.text != error.message) text += "; " + log.text;
  }
  return text;
}

void Player::play(const Step& step, Findings& findings) {
  journal_.add_line("== " + step.title);
  if (parts_.recorder != nullptr) parts_.recorder->note(step.title);
  const JournalMark mark = journal_.mark();
  http_ = nullptr;
  tcp_ = nullptr;
  took_ = Nanoseconds{0};
  if (const auto* http = std::get_if<HttpStep>(&step.what)) {
    play_http(*http);
  } else if (const auto* answered = std::get_if<AnswerStep>(&step.what)) {
    http_ = open_.at(answered->http);
    answer(*http_, answered->response);
  } else if (const auto* abort = std::get_if<AbortStep>(&step.what)) {
    http_ = open_.at(abort->http);
    http_->finish();
  } else if (const auto* tcp = std::get_if<TcpStep>(&step.what)) {
    play_tcp(*tcp);
  } else if (const auto* time = std::get_if<Advance>(&step.what)) {
    loop_.advance(time->by);
  } else if (const auto* item = std::get_if<EnqueueStep>(&step.what)) {
    enqueue(*item, step.where, findings);
  } else if (const auto* data = std::get_if<SetDataStep>(&step.what)) {
    const runtime::Vm& vm = *plugin_->plugin().vm();
    const uint64_t bound = vm.options().limits.max_shared_data_bytes;
    if (vm.shared_data().set(data->key, data->value, 0, bound) != abi::Status::Ok) {
      findings.add(step.where, "there is no room for this value");
    }
  }
  loop_.run();
  check(step.expect ? &*step.expect : nullptr, step.where, mark, findings);
}

void Player::play_http(const HttpStep& step) {
  Exchange& exchange = exchanges_.emplace_back();
  exchange.step = std::make_unique<HttpStep>(step);
  exchange.http = std::make_unique<HttpExchange>(
      HttpExchange::Parts{*plugin_, clock_, journal_, parts_.world.properties, *exchange.step});
  http_ = exchange.http.get();
  if (!step.response) open_[step.name] = http_;
  send(*http_, Direction::Request, step.request);
  if (step.response) return answer(*http_, *step.response);
  // The upstream answers later, unless the plugin has, which may hold its own answer.
  if (!http_->wants_response()) wait_for(*http_, Direction::Response);
}

// Feeds a message piece by piece, and waits until the plugin has let all of it go on.
void Player::send(HttpExchange& exchange, Direction direction, const Message& message) {
  const auto end_if = [](bool last) { return last ? EndOfStream::Yes : EndOfStream::No; };
  exchange.headers(direction, message.headers, end_if(message.ends_with_headers()));
  loop_.run();
  for (size_t i = 0; i < message.body.size(); ++i) {
    const bool last = i + 1 == message.body.size() && message.trailers.empty();
    exchange.data(direction, message.body[i], end_if(last));
    loop_.run();
  }
  if (!message.trailers.empty()) exchange.trailers(direction, message.trailers);
  wait_for(exchange, direction);
}

// Until the plugin holds that message no more, or the exchange's patience of a step is used up.
void Player::wait_for(const HttpExchange& exchange, Direction direction) {
  const Nanoseconds begin = clock_.monotonic();
  const auto left = std::chrono::duration_cast<Milliseconds>(exchange.patience() - took_);
  loop_.advance_until(left, [&] { return exchange.is_over(direction); });
  took_ += clock_.monotonic() - begin;
}

void Player::answer(HttpExchange& exchange, const Message& response) {
  wait_for(exchange, Direction::Request);
  if (exchange.wants_response()) {
    send(exchange, Direction::Response, response);
  } else {
    // The plugin has answered, and may hold its own answer.
    wait_for(exchange, Direction::Response);
  }
  note_messages(exchange);
  exchange.finish();
}

void Player::note_messages(const HttpExchange& exchange) {
  const auto note = [&](const std::optional<SeenMessage>& message, const std::string& to) {
    if (!message) return;
    std::string line = to + " gets {" + fields_text(message->headers) + "}";
    for (const std::string& piece : message->pieces) line += " " + in_quotes(piece);
    if (message->trailers) line += " {" + fields_text(*message->trailers) + "}";
    journal_.add_line(line + (message->complete ? "" : " ..."));
  };
  note(exchange.request(), "upstream");
  note(exchange.response(), "client");
}

void Player::play_tcp(const TcpStep& step) {
  auto& connection = connections_[step.name];
  if (!connection) {
    // Properties are those of the step that opens it; steps live as long as the scenario.
    connection = std::make_unique<TcpConnection>(
        TcpConnection::Parts{*plugin_, journal_, parts_.world.properties, step.properties});
    loop_.run();
  }
  tcp_ = connection.get();
  for (const auto& event : step.events) {
    if (const auto* bytes = std::get_if<TcpBytes>(&event)) tcp_->bytes(bytes->from, bytes->bytes);
    if (const auto* close = std::get_if<TcpClose>(&event)) tcp_->close_from(close->side);
    if (const auto* time = std::get_if<Advance>(&event)) loop_.advance(time->by);
    loop_.run();
  }
  to_upstream_ = tcp_->take_passed(Side::Upstream);
  to_downstream_ = tcp_->take_passed(Side::Downstream);
  if (tcp_->is_closed()) tcp_->finish();
}

void Player::enqueue(const EnqueueStep& step, const std::string& where, Findings& findings) {
  auto& queues = host_.shared_queues();
  uint32_t id = 0;
  if (queues.resolve(plugin_->plugin().options().vm.vm_id, step.queue, id) != abi::Status::Ok) {
    return findings.add(where, "nobody has opened a queue " + in_quotes(step.queue));
  }
  if (queues.enqueue(id, step.item) != abi::Status::Ok) findings.add(where, "the queue is full");
}

void Player::end_streams() {
  for (const Exchange& exchange : exchanges_) {
    if (!exchange.http->has_finished()) exchange.http->finish();
  }
  for (const auto& [name, connection] : connections_) connection->finish();
  loop_.run();
  open_.clear();
  exchanges_.clear();
  connections_.clear();
}

std::optional<std::string> Player::new_failure() {
  const auto status = plugin_->status();
  if (std::exchange(failures_, status.failures) == status.failures) return std::nullopt;
  return status.last_failure;
}

void Player::end() {
  if (!plugin_) return;
  end_streams();
  plugin_.reset();
  loop_.run();
  worker_.reset();
}

}  // namespace weir::scenario
