#pragma once
// Where the parts of a plugin's configuration stand, for errors that are found when it is used.

#include <map>
#include <string>

#include "base/result.h"

namespace weir::config {

// What such an error may be about.
enum class PluginField : uint8_t {
  Plugin,  // the message as a whole
  Configuration,
  Runtime,
  Code,  // the field of `code` that says where it is
  CodeHash,
  CodeFolder,  // watched_directory
  CacheMiss,   // nack_on_code_cache_miss
  VmConfiguration,
  MaxCodeBytes,
  PullSecret,
  Isolation,
  MaxMemory,
  MaxStreamMemory,
  CallTargets,
};

// File, line and field, as "envoy.yaml:14:9: admin.address"; nothing where no file says them.
// Settings are the same wherever they stand.
class PluginOrigin {
 public:
  void set(PluginField field, std::string text) { texts_[field] = std::move(text); }

  // That of the plugin where the field has none; empty where neither has.
  std::string of(PluginField field) const {
    for (const PluginField one : {field, PluginField::Plugin}) {
      if (const auto found = texts_.find(one); found != texts_.end()) return found->second;
    }
    return "";
  }

  // The error, with that before it.
  Error locate(PluginField field, Error error) const {
    const std::string text = of(field);
    return text.empty() ? std::move(error) : std::move(error).in(text);
  }

  friend bool operator==(const PluginOrigin&, const PluginOrigin&) { return true; }

 private:
  std::map<PluginField, std::string> texts_;
};

}  // namespace weir::config
