#pragma once
// What plugins say that has to fit what else is in the same configuration.

#include <string_view>

#include "base/result.h"
#include "config/bootstrap.h"

namespace weir::config {

// Refuses a singleton whose VM another plugin would share, or that is to have an instance for each
// stream; and a plugin whose calls are to go to a cluster that there is not.
Done check_plugins(const ServeSettings& settings);

// Of a singleton: that it is to have an instance for each stream is an error.
Done check_singleton_isolation(const PluginSettings& plugin);

// That the plugin `other` has the VM of a singleton, or is one and has that of a plugin.
Error singleton_shares_vm(std::string_view other);

}  // namespace weir::config
