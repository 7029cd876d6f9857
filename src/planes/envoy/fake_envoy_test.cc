#include "planes/envoy/fake_envoy.h"

#include <chrono>
#include <utility>

#include "abi/types.h"

namespace weir::envoy_plane {

// What these answer are actions, which another file knows by their types.
extern "C" {
abi::HeadersAction envoy_dynamic_module_on_http_filter_request_headers(EnvoyHttpFilter*,
                                                                       HttpStream*, bool);
abi::HeadersAction envoy_dynamic_module_on_http_filter_response_headers(EnvoyHttpFilter*,
                                                                        HttpStream*, bool);
}

namespace {

FakeEnvoy* the_envoy = nullptr;

}  // namespace

void FakeLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

bool FakeLoop::run_one(std::chrono::milliseconds patience) {
  std::function<void()> task;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !tasks_.empty() || stopped_; })) {
      return false;
    }
    if (stopped_) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  return true;
}

void FakeLoop::run() {
  const auto stopped = [&] {
    const std::lock_guard lock(mutex_);
    return stopped_;
  };
  while (!stopped()) run_one(std::chrono::milliseconds(100));
}

void FakeLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

FakeEnvoy::FakeEnvoy(size_t workers) {
  the_envoy = this;
  for (size_t i = 0; i < workers; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([&worker] { worker.loop.run(); });
  }
}

FakeEnvoy::~FakeEnvoy() { the_envoy = nullptr; }

FakeEnvoy& FakeEnvoy::get() { return *the_envoy; }

std::shared_ptr<EnvoyHttpConfig> FakeEnvoy::configure(const std::string& filter_config) {
  const auto config = std::make_shared<EnvoyHttpConfig>();
  constexpr std::string_view kName = "storm";
  config->module = envoy_dynamic_module_on_http_filter_config_new(
      config.get(), {kName.data(), kName.size()}, {filter_config.data(), filter_config.size()});
  return config->module == nullptr ? nullptr : config;
}

void FakeEnvoy::request(size_t worker, std::shared_ptr<EnvoyHttpConfig> config, std::string path,
                        std::function<void(int)> on_end) {
  FakeLoop& loop = workers_[worker]->loop;
  loop.post([&loop, config = std::move(config), path = std::move(path),
             on_end = std::move(on_end)]() mutable {
    const auto filter = std::make_shared<EnvoyHttpFilter>();
    filter->loop = &loop;
    filter->config = std::move(config);
    filter->request = {{":path", path}, {":method", "GET"}, {":authority", "storm"}};
    filter->on_end = std::move(on_end);
    filter->begin();
  });
}

void FakeEnvoy::add_cluster() {
  cluster_ = std::make_shared<EnvoyCluster>();
  cluster_->module = envoy_dynamic_module_on_cluster_new(nullptr, cluster_.get());
  envoy_dynamic_module_on_cluster_init(cluster_.get(), cluster_->module);
}

void FakeEnvoy::stop_workers() {
  if (cluster_ != nullptr) {
    bool done = false;
    envoy_dynamic_module_on_cluster_shutdown(
        cluster_.get(), cluster_->module, [](void* flag) { *static_cast<bool*>(flag) = true; },
        &done);
    while (!done) main_.run_one(std::chrono::milliseconds(100));
  }
  for (const auto& worker : workers_) {
    worker->loop.stop();
    worker->thread.join();
  }
}

void FakeEnvoy::remove_cluster() {
  if (cluster_ != nullptr) envoy_dynamic_module_on_cluster_destroy(cluster_->module);
  cluster_.reset();
}

EnvoyHttpConfig::~EnvoyHttpConfig() {
  if (module != nullptr) envoy_dynamic_module_on_http_filter_config_destroy(module);
  // As Envoy does, on whichever thread this is.
  if (!calls.empty()) FakeEnvoy::get().count_calls(-static_cast<int>(calls.size()));
}

bool EnvoyHttpConfig::end_call(uint64_t id) {
  if (calls.erase(id) == 0) return false;
  FakeEnvoy::get().count_calls(-1);
  return true;
}

void EnvoyHttpFilter::begin() {
  const auto keep = shared_from_this();
  module = envoy_dynamic_module_on_http_filter_new(config->module, this);
  const auto action = envoy_dynamic_module_on_http_filter_request_headers(this, module, true);
  if (action == abi::HeadersAction::Continue) return respond();
  waiting = keep;
}

void EnvoyHttpFilter::respond() {
  response = {{":status", "200"}};
  static_cast<void>(envoy_dynamic_module_on_http_filter_response_headers(this, module, true));
  finish();
}

void EnvoyHttpFilter::finish() {
  loop->post([self = shared_from_this()] {
    self->waiting.reset();
    envoy_dynamic_module_on_http_filter_stream_complete(self.get(), self->module);
    self->is_over = true;
    envoy_dynamic_module_on_http_filter_destroy(self->module);
    self->on_end(std::stoi(self->response.find(":status")->second));
  });
}

}  // namespace weir::envoy_plane
