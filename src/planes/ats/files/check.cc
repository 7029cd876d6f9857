#include "planes/ats/files/check.h"

#include <algorithm>

#include "config/config_file.h"
#include "planes/ats/files/plugin_file.h"
#include "planes/ats/files/tcp_file.h"
#include "planes/serve/tls_context.h"

namespace weir::ats_plane {
namespace {

// Tries out one file after another, and keeps their plugins, so that those of one VM find it.
class FileTrial {
 public:
  FileTrial(const planes::CodeSupply& supply, runtime::Host& host) : supply_(supply), host_(host) {}

  void try_plugin_file(std::string_view text, const std::string& name, const std::string& holder) {
    auto file = read_plugin_file(text, name);
    if (!file.ok()) return fail(std::move(file).error());
    auto plugin =
        planes::try_plugin(std::move(file.value().plugin), holder, supply_, host_, report_);
    if (plugin != nullptr) plugins_.push_back(std::move(plugin));
  }

  // `place` is the port's in its file.
  void try_port(const TcpPort& port, const std::string& place) {
    if (Done secured = try_upstream_tls(port); !secured.ok()) fail(std::move(secured).error());
    for (size_t i = 0; i < port.plugins.size(); ++i) {
      const std::filesystem::path path = supply_.base_dir() / port.plugins[i];
      auto text = config::read_config_file(path);
      if (text.ok()) {
        try_plugin_file(text.value(), path.string(), "tcp " + config::to_string(port.listen));
      } else {
        fail(std::move(text).error().in(place + ".plugins[" + std::to_string(i) + "]"));
      }
    }
  }

  void fail(Error error) { report_.errors.push_back(std::move(error)); }

  planes::CheckReport finish(size_t ports) && {
    if (report_.errors.empty()) {
      report_.passed.push_back((ports == 0 ? "" : planes::count_of(ports, "port") + ", ") +
                               planes::count_of(plugins_.size(), "plugin"));
    }
    return std::move(report_);
  }

 private:
  Done try_upstream_tls(const TcpPort& port) const {
    if (!port.upstream_tls) return Unit{};
    const auto make = [&]() -> Done {
      WEIR_TRY(serve::TlsMaterial material,
               serve::read_tls_material(*port.upstream_tls, supply_.base_dir()));
      WEIR_TRY(serve::TlsContext::make(serve::TlsContext::Side::Client, *port.upstream_tls,
                                       std::move(material)));
      return Unit{};
    };
    Done made = make();
    return made.ok() ? std::move(made)
                     : Done(port.upstream_tls->where.locate(std::move(made).error()));
  }

  const planes::CodeSupply& supply_;
  runtime::Host& host_;
  planes::CheckReport report_;
  std::vector<std::shared_ptr<const runtime::Plugin>> plugins_;
};

}  // namespace

bool is_of_traffic_server(const config::Node& root) {
  const auto has = [&](std::string_view key) { return root.find(key) != nullptr; };
  constexpr std::string_view kTheirs[] = {"tcp", "config", "plugin", "vm_config", "vmConfig"};
  return std::ranges::any_of(kTheirs, has);
}

planes::CheckReport check_file(std::string_view text, const std::string& name,
                               const planes::CodeSupply& supply, runtime::Host& host) {
  FileTrial trial(supply, host);
  const auto ports = read_tcp_file(text, name);
  if (!ports.ok()) {
    trial.fail(ports.error());
    return std::move(trial).finish(0);
  }
  for (size_t i = 0; i < ports.value().size(); ++i) {
    trial.try_port(ports.value()[i], name + ": tcp[" + std::to_string(i) + "]");
  }
  if (ports.value().empty()) trial.try_plugin_file(text, name, name);
  return std::move(trial).finish(ports.value().size());
}

}  // namespace weir::ats_plane
