#pragma once
// What a configuration says of one plugin, as plain values: what
// envoy.extensions.wasm.v3.PluginConfig and weir.v1.PluginOptions hold, checked, with defaults
// filled in.

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "config/plugin_origin.h"

namespace weir::config {

// A file; a relative path starts at the folder of the configuration file.
struct LocalFile {
  std::string path;
  // A folder in which a change may mean another file; "" is none. It has to be there.
  std::string watched_directory;
  friend auto operator<=>(const LocalFile&, const LocalFile&) = default;
};

// The code itself, or the name of a native plugin where the runtime is `null`.
struct InlineBytes {
  std::string bytes;
  friend auto operator<=>(const InlineBytes&, const InlineBytes&) = default;
};

// The value of an environment variable.
struct EnvironmentVariable {
  std::string name;
  friend auto operator<=>(const EnvironmentVariable&, const EnvironmentVariable&) = default;
};

using DataSource = std::variant<LocalFile, InlineBytes, EnvironmentVariable>;

struct Cluster;

// The cluster that a configuration has by the name that it says elsewhere; null: it has none of
// that name. Code is the same whichever way it comes, so all of these are equal.
struct ClusterOfName {
  std::shared_ptr<const Cluster> cluster;

  friend bool operator==(const ClusterOfName&, const ClusterOfName&) { return true; }
  friend std::strong_ordering operator<=>(const ClusterOfName&, const ClusterOfName&) {
    return std::strong_ordering::equal;
  }
};

// To be fetched from a server or a registry, and used only if its SHA-256 is the one given.
struct RemoteFile {
  std::string uri;      // http://, https:// or oci://
  std::string cluster;  // whose servers are asked, where the configuration has it
  ClusterOfName route;
  std::string sha256;  // in lower-case hexadecimal; empty: the uri ends in @sha256:DIGEST
  Milliseconds timeout{0};
  // What Weir adds.
  std::optional<DataSource> pull_secret;  // of a registry: a Docker config.json
  bool plain_http = false;                // a registry is spoken to without TLS
  bool follow_redirects = false;
  uint64_t max_bytes = 64ull << 20;
  uint32_t retries = 1;
  Milliseconds retry_base{1000};
  Milliseconds retry_max{10'000};
  friend auto operator<=>(const RemoteFile&, const RemoteFile&) = default;
};

using CodeSource = std::variant<LocalFile, InlineBytes, EnvironmentVariable, RemoteFile>;

// Bounds on what a plugin's guest may take.
struct Limits {
  // CPU time of one outermost call into the guest.
  Milliseconds call_cpu_time{100};
  // The same while its VM starts and the plugin is configured.
  Milliseconds start_cpu_time{10'000};
  // Linear memory of one instance.
  uint64_t max_memory_bytes = 256ull << 20;
  // Keys and values that the plugins of one vm_id may keep in shared data.
  uint64_t max_shared_data_bytes = 64ull << 20;
  // What may wait in all shared queues of its vm_id.
  uint64_t max_queue_bytes = 64ull << 20;
  // The clusters that its HTTP and gRPC calls may go to; '*' in a name stands for any characters.
  // Empty: all.
  std::set<std::string> call_targets;
  // Linear memory of all instances that one worker runs for streams of the VM.
  uint64_t max_stream_memory_bytes = 1ull << 30;

  friend auto operator<=>(const Limits&, const Limits&) = default;
};

// What becomes of a module that imports functions Weir does not know.
enum class UnknownImports : uint8_t {
  Reject,  // it is not loaded
  Stub,    // calls of them answer that they are unimplemented
};

// What streams share of a VM.
enum class Isolation : uint8_t {
  Shared,  // a worker's instance serves all its streams
  Stream,  // each stream has an instance of its own
};

// What happens to streams of a failed plugin.
enum class FailurePolicy : uint8_t {
  FailReload,  // as FailClosed, and says that a restart is wanted, which Weir always tries
  FailClosed,  // they are answered with an error
  FailOpen,    // they go on without the plugin
};

struct VmSettings {
  std::string vm_id;
  std::string runtime;  // as the user wrote it, "envoy.wasm.runtime.v8"; "" is the default engine
  CodeSource code;
  std::string configuration;  // given to proxy_on_vm_start
  bool allow_precompiled = false;
  bool nack_on_code_cache_miss = false;
  std::map<std::string, std::string> environment;
  // Hostcalls, WASI functions and callbacks that may be used, by name. Empty: all.
  std::set<std::string, std::less<>> allowed_capabilities;
  UnknownImports unknown_imports = UnknownImports::Reject;
  Isolation isolation = Isolation::Shared;
  Limits limits;

  friend bool operator==(const VmSettings&, const VmSettings&) = default;
};

struct PluginSettings {
  PluginOrigin where;  // to begin errors with
  std::string name;
  std::string root_id;
  std::string configuration;  // given to proxy_on_configure
  FailurePolicy failure_policy = FailurePolicy::FailClosed;
  Milliseconds reload_backoff{1000};
  Milliseconds reload_backoff_max{10'000};  // not less than reload_backoff
  bool allow_on_headers_stop_iteration = false;
  VmSettings vm;
  // Who the proxy is: an envoy.config.core.v3.Node in its wire form. Equal nodes are equal bytes.
  std::string node;

  friend bool operator==(const PluginSettings&, const PluginSettings&) = default;
};

// The bytes. The error names the file or variable that cannot be read, and `what` was to be there.
Result<std::string> read_data(const DataSource& source, const std::filesystem::path& base_dir,
                              std::string_view what = "code");

// An error where the file's watched_directory is not there.
Done check_watched_folder(const LocalFile& file, const std::filesystem::path& base_dir);

// The bytes of code that is at hand. The error names the file or variable that cannot be read;
// a RemoteFile is not.
Result<std::string> read_code(const CodeSource& source, const std::filesystem::path& base_dir);

}  // namespace weir::config
