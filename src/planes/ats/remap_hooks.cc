// What the server calls of a remap plugin: a plugin of one rule in remap.config.

#include <cstdio>

#include "planes/ats/arguments.h"
#include "planes/ats/plane.h"
#include "planes/ats/server_events.h"
#include "planes/ats/tcp_tag.h"
#include "planes/ats/transaction.h"

namespace weir::ats_plane {
namespace {

void write_error(char* into, int size, std::string_view text) {
  std::snprintf(into, static_cast<size_t>(size), "%.*s", static_cast<int>(text.size()),
                text.data());
}

}  // namespace
}  // namespace weir::ats_plane

TSReturnCode TSRemapInit(TSRemapInterface* server, char* error, int error_size) {
  if (server->tsremap_version < TSREMAP_VERSION) {
    weir::ats_plane::write_error(error, error_size, "the server's remap interface is too old");
    return TS_ERROR;
  }
  weir::ats_plane::listen_to_server();
  return TS_SUCCESS;
}

// The first two arguments are the rule's URLs.
TSReturnCode TSRemapNewInstance(int argc, char* argv[], void** instance, char* error,
                                int error_size) {
  using namespace weir::ats_plane;  // NOLINT(google-build-using-namespace)
  constexpr int kUrls = 2;
  auto files = read_arguments(argc - kUrls, argv + kUrls);
  if (!files.ok()) {
    write_error(error, error_size, files.error().message);
    return TS_ERROR;
  }
  auto set = Plane::get().add(std::move(files).value(), TSConfigDirGet());
  if (!set.ok()) {
    write_error(error, error_size, set.error().message);
    return TS_ERROR;
  }
  *instance = new std::shared_ptr<PluginSet>(std::move(set).value());
  // Where plugin.config has no line of ours, or the server has been running for long.
  start_workers();
  return TS_SUCCESS;
}

void TSRemapDeleteInstance(void* instance) {
  using namespace weir::ats_plane;  // NOLINT(google-build-using-namespace)
  auto* set = static_cast<std::shared_ptr<PluginSet>*>(instance);
  (*set)->retire();
  delete set;
  Plane::get().tell_workers();
}

// The rule's plugins begin behind it: here the server does not wait for anybody.
TSRemapStatus TSRemapDoRemap(void* instance, TSHttpTxn transaction, TSRemapRequestInfo*) {
  using namespace weir::ats_plane;  // NOLINT(google-build-using-namespace)
  // The server's own requests and other plugins' fetches are none of a client's.
  if (TSHttpTxnIsInternal(transaction) != 0 && !is_from_tcp_port(transaction)) {
    return TSREMAP_NO_REMAP;
  }
  const auto& set = *static_cast<std::shared_ptr<PluginSet>*>(instance);
  Transaction::begin(set, transaction, Transaction::Begin::AfterRemap);
  return TSREMAP_NO_REMAP;
}
