#include "scenario.h"

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));

bool Plugin::onStart(size_t configuration_size) {
  CHECK_RESULT(registerSharedQueue("http_all.queue", &queue));
  const auto text = getBufferBytes(WasmBufferType::VmConfiguration, 0, configuration_size);
  return text->view() != "fail";
}

bool Plugin::onConfigure(size_t configuration_size) {
  const auto bytes = getBufferBytes(WasmBufferType::PluginConfiguration, 0, configuration_size);
  std::string_view text = bytes->view();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t equals = line.find('=');
    const std::string_view key = line.substr(0, equals);
    const std::string value(equals == line.npos ? "" : line.substr(equals + 1));
    if (key == "scenario") {
      scenario = value;
    } else if (key == "tick_ms") {
      proxy_set_tick_period_milliseconds(static_cast<uint32_t>(std::stoul(value)));
    } else {
      if (key != "fail") LOG_ERROR("unknown configuration: " + std::string(line));
      return false;
    }
  }
  return true;
}

void Plugin::onTick() {
  count_up(kTicks);
  for (uint32_t stream : std::exchange(paused, {})) {
    CHECK_RESULT(getContext(stream)->setEffectiveContext());
    continueRequest();
  }
}

void Plugin::onQueueReady(uint32_t token) {
  WasmDataPtr item;
  while (dequeueSharedQueue(token, &item) == WasmResult::Ok) {
    logInfo("queue: " + item->toString());
    setSharedData(kLastItem, item->view());
  }
}

FilterHeadersStatus Stream::onRequestHeaders(uint32_t, bool) {
  const std::string asked = request_header(":path");
  std::string_view path = plugin()->scenario.empty() ? asked : plugin()->scenario;
  path = path.substr(0, path.find('?'));
  scenario_ = make_headers_scenario(path);
  if (!scenario_) scenario_ = make_body_scenario(path);
  if (!scenario_) scenario_ = make_reply_scenario(path);
  if (!scenario_) scenario_ = make_call_scenario(path, *this);
  if (!scenario_) scenario_ = make_state_scenario(path, *this);
  if (!scenario_) scenario_ = make_observed_scenario(path);
  if (!scenario_) scenario_ = std::make_unique<Scenario>();
  return scenario_->on_request_headers();
}

FilterDataStatus Stream::onRequestBody(size_t size, bool end_of_stream) {
  return scenario_->on_request_body(size, end_of_stream);
}
FilterTrailersStatus Stream::onRequestTrailers(uint32_t) {
  return scenario_->on_request_trailers();
}
FilterHeadersStatus Stream::onResponseHeaders(uint32_t, bool) {
  return scenario_ ? scenario_->on_response_headers() : FilterHeadersStatus::Continue;
}
FilterDataStatus Stream::onResponseBody(size_t size, bool end_of_stream) {
  return scenario_ ? scenario_->on_response_body(size, end_of_stream) : FilterDataStatus::Continue;
}
FilterTrailersStatus Stream::onResponseTrailers(uint32_t) {
  return scenario_ ? scenario_->on_response_trailers() : FilterTrailersStatus::Continue;
}
void Stream::onLog() {
  if (scenario_) scenario_->on_log();
}
