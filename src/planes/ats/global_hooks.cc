// What the server calls of a global plugin: a line of plugin.config.

#include <filesystem>

#include "config/config_file.h"
#include "planes/ats/arguments.h"
#include "planes/ats/files/plugin_file.h"
#include "planes/ats/plane.h"
#include "planes/ats/server_events.h"
#include "planes/ats/tcp_ports.h"
#include "planes/ats/tcp_tag.h"
#include "planes/ats/transaction.h"

namespace weir::ats_plane {
namespace {

// A line's set, in use until the server ends.
int on_transaction(TSCont continuation, TSEvent, void* data) {
  const auto& set = *static_cast<std::shared_ptr<PluginSet>*>(TSContDataGet(continuation));
  auto* transaction = static_cast<TSHttpTxn>(data);
  // The server's own requests and other plugins' fetches are none of a client's.
  if (TSHttpTxnIsInternal(transaction) != 0 && !is_from_tcp_port(transaction)) {
    TSHttpTxnReenable(transaction, TS_EVENT_HTTP_CONTINUE);
    return 0;
  }
  Transaction::begin(set, transaction, Transaction::Begin::Now);
  return 0;
}

// Opens the ports that files of the line name. Those that name plugins are left in `files`.
Done open_ports(std::vector<std::string>& files) {
  const std::string folder = TSConfigDirGet();
  std::vector<std::string> of_plugins;
  for (const std::string& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    WEIR_TRY(const std::string text, config::read_config_file(path));
    WEIR_TRY(std::vector<TcpPort> ports, read_tcp_file(text, path.string()));
    if (ports.empty()) {
      of_plugins.push_back(file);
    } else {
      WEIR_TRY(open_tcp_ports(Plane::get(), path, std::move(ports), folder));
    }
  }
  files = std::move(of_plugins);
  return Unit{};
}

// Ends the server with that in its log.
void refuse(const Error& error) { TSEmergency("[weir] %s", error.message.c_str()); }

}  // namespace
}  // namespace weir::ats_plane

void TSPluginInit(int argc, const char* argv[]) {
  using namespace weir::ats_plane;  // NOLINT(google-build-using-namespace)
  const TSPluginRegistrationInfo info{
      .plugin_name = "weir", .vendor_name = "Weir", .support_email = ""};
  if (TSPluginRegister(&info) != TS_SUCCESS) {
    return refuse({weir::ErrorCode::Unsupported, "the server does not register the plugin"});
  }
  auto files = read_arguments(argc - 1, argv + 1);
  if (!files.ok()) return refuse(files.error());
  if (auto opened = open_ports(files.value()); !opened.ok()) return refuse(opened.error());
  listen_to_server();
  // Remap rules share what the global plugin has: the server makes no copy of the file for them.
  TSPluginDSOReloadEnable(0);
  if (files.value().empty()) return;
  auto set = Plane::get().add(std::move(files).value(), TSConfigDirGet());
  if (!set.ok()) return refuse(set.error());
  TSCont continuation = TSContCreate(&on_transaction, nullptr);
  TSContDataSet(continuation, new std::shared_ptr<PluginSet>(std::move(set).value()));
  TSHttpHookAdd(TS_HTTP_READ_REQUEST_HDR_HOOK, continuation);
}
