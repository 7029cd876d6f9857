// Functions of Envoy of which the module takes the address, and that no test of the stand-in calls.
// A program that is not optimized has relocations for them, and does not begin without them.

#include <cstdlib>

// Each has the name that Envoy's has, whatever its declaration: a call ends the program.
#define WEIR_NOT_CALLED(name)                                                            \
  [[noreturn]] void not_called_##name() __asm__("envoy_dynamic_module_callback_" #name); \
  void not_called_##name() { std::abort(); }

namespace weir::envoy_plane {

WEIR_NOT_CALLED(access_logger_config_define_counter)
WEIR_NOT_CALLED(access_logger_config_define_gauge)
WEIR_NOT_CALLED(access_logger_config_define_histogram)
WEIR_NOT_CALLED(access_logger_decrement_gauge)
WEIR_NOT_CALLED(access_logger_increment_counter)
WEIR_NOT_CALLED(access_logger_increment_gauge)
WEIR_NOT_CALLED(access_logger_record_histogram_value)
WEIR_NOT_CALLED(access_logger_set_gauge)
WEIR_NOT_CALLED(bootstrap_extension_config_decrement_gauge)
WEIR_NOT_CALLED(bootstrap_extension_config_define_counter)
WEIR_NOT_CALLED(bootstrap_extension_config_define_gauge)
WEIR_NOT_CALLED(bootstrap_extension_config_define_histogram)
WEIR_NOT_CALLED(bootstrap_extension_config_increment_counter)
WEIR_NOT_CALLED(bootstrap_extension_config_increment_gauge)
WEIR_NOT_CALLED(bootstrap_extension_config_record_histogram_value)
WEIR_NOT_CALLED(bootstrap_extension_config_scheduler_commit)
WEIR_NOT_CALLED(bootstrap_extension_config_scheduler_delete)
WEIR_NOT_CALLED(bootstrap_extension_config_set_gauge)
WEIR_NOT_CALLED(network_filter_config_decrement_gauge)
WEIR_NOT_CALLED(network_filter_config_define_counter)
WEIR_NOT_CALLED(network_filter_config_define_gauge)
WEIR_NOT_CALLED(network_filter_config_define_histogram)
WEIR_NOT_CALLED(network_filter_config_increment_counter)
WEIR_NOT_CALLED(network_filter_config_increment_gauge)
WEIR_NOT_CALLED(network_filter_config_record_histogram_value)
WEIR_NOT_CALLED(network_filter_config_scheduler_commit)
WEIR_NOT_CALLED(network_filter_config_scheduler_delete)
WEIR_NOT_CALLED(network_filter_config_set_gauge)

}  // namespace weir::envoy_plane
