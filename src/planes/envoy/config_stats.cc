#include "planes/envoy/config_stats.h"

#include "planes/envoy/bootstrap_callbacks.h"
#include "planes/envoy/config_callbacks.h"
#include "planes/envoy/logger_callbacks.h"
#include "planes/envoy/network_callbacks.h"

namespace weir::envoy_plane {

using abi::MetricType;

namespace {

// Each kind's functions, in the order of the template's parameters. Parameters and not a table: a
// function is bound when it is first called, and other kinds work in an Envoy that lacks it.
template <typename Config, auto DefineCounter, auto DefineGauge, auto DefineHistogram,
          auto AddToCounter, auto AddToGauge, auto SubtractFromGauge, auto SetGauge,
          auto RecordInHistogram, bool HasLabels>
class Stats final : public ConfigStats {
 public:
  explicit Stats(Config* config) : config_(config) {}

  bool define(MetricType type, std::string_view name, std::optional<std::string_view> label,
              size_t& id) override {
    if (label && !HasLabels) return false;
    switch (type) {
      case MetricType::Counter:
        return define_by<DefineCounter>(name, label, id);
      case MetricType::Gauge:
        return define_by<DefineGauge>(name, label, id);
      case MetricType::Histogram:
        return define_by<DefineHistogram>(name, label, id);
    }
    return false;
  }

  void change(MetricType type, size_t id, std::optional<std::string_view> label, StatChange change,
              uint64_t value) override {
    if (type == MetricType::Histogram) {
      change_by<RecordInHistogram>(id, label, value);
    } else if (type == MetricType::Counter) {
      change_by<AddToCounter>(id, label, value);
    } else if (change == StatChange::Add) {
      change_by<AddToGauge>(id, label, value);
    } else if (change == StatChange::Subtract) {
      change_by<SubtractFromGauge>(id, label, value);
    } else {
      change_by<SetGauge>(id, label, value);
    }
  }

 private:
  template <auto Define>
  bool define_by(std::string_view name, std::optional<std::string_view> label, size_t& id) {
    if constexpr (HasLabels) {
      ModuleBuffer labels(label.value_or(""));
      return Define(config_, name, label ? &labels : nullptr, label ? 1 : 0, &id) ==
             MetricsResult::Success;
    } else {
      return Define(config_, name, &id) == MetricsResult::Success;
    }
  }

  template <auto Change>
  void change_by(size_t id, std::optional<std::string_view> label, uint64_t value) {
    if constexpr (HasLabels) {
      ModuleBuffer labels(label.value_or(""));
      Change(config_, id, label ? &labels : nullptr, label ? 1 : 0, value);
    } else {
      Change(config_, id, value);
    }
  }

  Config* config_;
};

using HttpStats =
    Stats<EnvoyHttpConfig,  //
          envoy_dynamic_module_callback_http_filter_config_define_counter,
          envoy_dynamic_module_callback_http_filter_config_define_gauge,
          envoy_dynamic_module_callback_http_filter_config_define_histogram,
          envoy_dynamic_module_callback_http_filter_config_increment_counter,
          envoy_dynamic_module_callback_http_filter_config_increment_gauge,
          envoy_dynamic_module_callback_http_filter_config_decrement_gauge,
          envoy_dynamic_module_callback_http_filter_config_set_gauge,
          envoy_dynamic_module_callback_http_filter_config_record_histogram_value, true>;

using NetworkStats =
    Stats<EnvoyNetworkConfig,  //
          envoy_dynamic_module_callback_network_filter_config_define_counter,
          envoy_dynamic_module_callback_network_filter_config_define_gauge,
          envoy_dynamic_module_callback_network_filter_config_define_histogram,
          envoy_dynamic_module_callback_network_filter_config_increment_counter,
          envoy_dynamic_module_callback_network_filter_config_increment_gauge,
          envoy_dynamic_module_callback_network_filter_config_decrement_gauge,
          envoy_dynamic_module_callback_network_filter_config_set_gauge,
          envoy_dynamic_module_callback_network_filter_config_record_histogram_value, false>;

using LoggerStats =
    Stats<EnvoyLoggerConfig,  //
          envoy_dynamic_module_callback_access_logger_config_define_counter,
          envoy_dynamic_module_callback_access_logger_config_define_gauge,
          envoy_dynamic_module_callback_access_logger_config_define_histogram,
          envoy_dynamic_module_callback_access_logger_increment_counter,
          envoy_dynamic_module_callback_access_logger_increment_gauge,
          envoy_dynamic_module_callback_access_logger_decrement_gauge,
          envoy_dynamic_module_callback_access_logger_set_gauge,
          envoy_dynamic_module_callback_access_logger_record_histogram_value, false>;

using BootstrapStats =
    Stats<EnvoyBootstrapConfig,  //
          envoy_dynamic_module_callback_bootstrap_extension_config_define_counter,
          envoy_dynamic_module_callback_bootstrap_extension_config_define_gauge,
          envoy_dynamic_module_callback_bootstrap_extension_config_define_histogram,
          envoy_dynamic_module_callback_bootstrap_extension_config_increment_counter,
          envoy_dynamic_module_callback_bootstrap_extension_config_increment_gauge,
          envoy_dynamic_module_callback_bootstrap_extension_config_decrement_gauge,
          envoy_dynamic_module_callback_bootstrap_extension_config_set_gauge,
          envoy_dynamic_module_callback_bootstrap_extension_config_record_histogram_value, true>;

}  // namespace

std::unique_ptr<ConfigStats> stats_of(EnvoyHttpConfig* config) {
  return std::make_unique<HttpStats>(config);
}
std::unique_ptr<ConfigStats> stats_of(EnvoyNetworkConfig* config) {
  return std::make_unique<NetworkStats>(config);
}
std::unique_ptr<ConfigStats> stats_of(EnvoyLoggerConfig* config) {
  return std::make_unique<LoggerStats>(config);
}
std::unique_ptr<ConfigStats> stats_of(EnvoyBootstrapConfig* config) {
  return std::make_unique<BootstrapStats>(config);
}

}  // namespace weir::envoy_plane
