#include "config/unsupported_fields.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <iterator>

namespace weir::config {
namespace {

constexpr std::string_view kRetries = "envoy.config.core.v3.RetryPolicy";
constexpr std::string_view kNoConditions =
    "not supported, and without effect in Envoy, where code is fetched: num_retries and "
    "retry_back_off alone say when that is tried again; leave it out";
constexpr std::string_view kNoHosts =
    "not supported, and without effect in Envoy, where code is fetched: there are no hosts to "
    "choose among; leave it out";

// Envoy's own fetches of code go by none of these.
constexpr UnsupportedField kFields[] = {
    {kRetries, "retry_on", "retryOn", 3, kNoConditions},
    {kRetries, "retry_priority", "retryPriority", 4, kNoHosts},
    {kRetries, "retry_host_predicate", "retryHostPredicate", 5, kNoHosts},
    {kRetries, "host_selection_retry_max_attempts", "hostSelectionRetryMaxAttempts", 6, kNoHosts},
};

template <typename Is>
const UnsupportedField* find(const google::protobuf::Descriptor& type, Is is) {
  const auto* found = std::ranges::find_if(kFields, [&](const UnsupportedField& field) {
    return field.message == type.full_name() && is(field);
  });
  return found == std::end(kFields) ? nullptr : found;
}

}  // namespace

const UnsupportedField* find_unsupported(const google::protobuf::Descriptor& type,
                                         std::string_view name) {
  return find(type, [&](const UnsupportedField& field) {
    return field.name == name || field.json_name == name;
  });
}

const UnsupportedField* find_unsupported(const google::protobuf::Descriptor& type, int number) {
  return find(type, [&](const UnsupportedField& field) { return field.number == number; });
}

}  // namespace weir::config
