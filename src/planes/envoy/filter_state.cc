#include "planes/envoy/filter_state.h"

#include <atomic>
#include <string>
#include <unordered_map>

#include "planes/envoy/public_name.h"
#include "planes/envoy/worker.h"

namespace weir::envoy_plane {
namespace {

// The shared object's name in Envoy's filter state.
constexpr std::string_view kSharedName = "weir.properties";

std::atomic<int> loggers = 0;

// Numbers fit into a double for longer than any process runs.
thread_local uint64_t last_number = 0;
thread_local std::unordered_map<uint64_t, const runtime::FilterState*> numbered;

}  // namespace

// The values of the stream's plugins.
class EnvoyFilterState::Shared final {
 public:
  Shared() = default;
  ~Shared() {
    if (number_ != 0) numbered.erase(number_);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  uint64_t give_number() {
    number_ = ++last_number;
    numbered.emplace(number_, &values);
    return number_;
  }

  runtime::FilterState values;

 private:
  uint64_t number_ = 0;  // 0: none
};

const runtime::FilterState* EnvoyFilterState::find_numbered(double number) {
  if (!(number >= 1 && number <= static_cast<double>(last_number))) return nullptr;
  const auto found = numbered.find(static_cast<uint64_t>(number));
  return found == numbered.end() ? nullptr : found->second;
}

void EnvoyFilterState::count_loggers(int by) { loggers += by; }

EnvoyFilterState::Shared* EnvoyFilterState::find_shared() const {
  if (filter_ == nullptr) return nullptr;
  return static_cast<Shared*>(
      envoy_dynamic_module_callback_http_get_filter_state_object(filter_, kSharedName));
}

const runtime::FilterState::Entry* EnvoyFilterState::find(std::string_view name) const {
  if (filter_ == nullptr || name.empty()) return nullptr;
  if (Shared* shared = find_shared()) {
    if (const Entry* entry = shared->values.find(name)) return entry;
  }
  EnvoyBuffer value;
  const std::string as_public = public_name(name);
  if (!envoy_dynamic_module_callback_http_get_filter_state_bytes(filter_, as_public, &value) &&
      !envoy_dynamic_module_callback_http_get_filter_state_bytes(filter_, name, &value)) {
    const auto typed = [&](std::string_view of) {
      return typed_.find<envoy_dynamic_module_callback_http_get_filter_state_typed>(
          filter_, of, worker_.epoch());
    };
    const Entry* entry = typed(as_public);
    return entry == nullptr ? typed(name) : entry;
  }
  found_.value = value.view();
  found_.declaration = {};
  return &found_;
}

abi::Status EnvoyFilterState::set(std::string_view name, std::string_view value,
                                  runtime::PropertyDeclaration declaration) {
  if (filter_ == nullptr) return abi::Status::InternalFailure;
  Shared* shared = find_shared();
  if (shared == nullptr) {
    shared = new Shared;
    // Envoy deletes it, whatever it answers.
    const auto destroy = [](void* object) { delete static_cast<Shared*>(object); };
    if (!envoy_dynamic_module_callback_http_set_filter_state_object(
            filter_, kSharedName, shared, destroy, FilterStateLife::FilterChain)) {
      return abi::Status::InternalFailure;
    }
    if (loggers > 0) {
      envoy_dynamic_module_callback_http_set_dynamic_metadata_number(
          filter_, kMetadataName, kMetadataKey, static_cast<double>(shared->give_number()));
    }
  }
  const abi::Status status = shared->values.set(name, value, declaration);
  if (status == abi::Status::Ok) {
    envoy_dynamic_module_callback_http_set_filter_state_bytes(filter_, public_name(name), value);
  }
  return status;
}

}  // namespace weir::envoy_plane
