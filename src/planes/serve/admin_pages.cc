#include "planes/serve/admin_pages.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "config/shown_json.h"
#include "planes/serve/tls_certificate.h"

namespace weir::serve {
namespace {

using nlohmann::json;

AdminReply json_reply(const json& content) {
  return {.content_type = "application/json",
          .body = content.dump(1, ' ', false, json::error_handler_t::replace) + "\n"};
}

bool wants_json(const AdminQuery& query) { return query.find("format") == "json"; }

json address_json(const config::SocketAddress& address) {
  return {{"socket_address", {{"address", address.host}, {"port_value", address.port}}}};
}

// Endpoints of a cluster by their addresses, as all workers have them.
struct Endpoints {
  struct Sum {
    config::SocketAddress address;
    size_t connections = 0;
    bool healthy = true;
    bool ejected = false;
  };
  std::map<std::string, Sum> by_address;
};

std::map<std::string, Endpoints> sum_up(const UpdateStatus& status,
                                        const std::vector<WorkerThread::ClusterStatuses>& workers) {
  std::map<std::string, Endpoints> clusters;
  for (const auto& worker : workers) {
    if (worker.generation != status.generation) continue;
    for (const auto& [name, endpoints] : worker.by_name) {
      for (const EndpointStatus& endpoint : endpoints) {
        const config::SocketAddress address{.host = endpoint.host, .port = endpoint.port};
        Endpoints::Sum& sum = clusters[name].by_address[to_string(address)];
        sum.address = address;
        sum.connections += endpoint.connections;
        sum.healthy &= endpoint.healthy;
        sum.ejected |= endpoint.ejected;
      }
    }
  }
  return clusters;
}

std::string health_flags(const Endpoints::Sum& endpoint) {
  std::string flags;
  if (!endpoint.healthy) flags += "/failed_active_hc";
  if (endpoint.ejected) flags += "/failed_outlier_check";
  return flags.empty() ? "healthy" : flags;
}

std::string clusters_text(const config::Cluster& cluster, const Endpoints& endpoints) {
  std::string text;
  const auto line = [&](const std::string& what, const std::string& value) {
    text += cluster.name + "::" + what + "::" + value + '\n';
  };
  line("observability_name", cluster.name);
  line("default_priority::max_connections", std::to_string(cluster.limits.max_connections));
  line("default_priority::max_pending_requests",
       std::to_string(cluster.limits.max_pending_requests));
  line("default_priority::max_requests", std::to_string(cluster.limits.max_requests));
  line("default_priority::max_retries", std::to_string(cluster.limits.max_retries));
  line("added_via_api", "false");
  for (const auto& [address, endpoint] : endpoints.by_address) {
    line(address + "::cx_active", std::to_string(endpoint.connections));
    line(address + "::health_flags", health_flags(endpoint));
    line(address + "::weight", "1");
    line(address + "::priority", "0");
  }
  return text;
}

json cluster_json(const config::Cluster& cluster, const Endpoints& endpoints) {
  json hosts = json::array();
  for (const auto& [address, endpoint] : endpoints.by_address) {
    json health = {{"eds_health_status", "HEALTHY"}};
    if (!endpoint.healthy) health["failed_active_health_check"] = true;
    if (endpoint.ejected) health["failed_outlier_check"] = true;
    const json connections = {
        {"name", "cx_active"}, {"type", "GAUGE"}, {"value", std::to_string(endpoint.connections)}};
    hosts.push_back({{"address", address_json(endpoint.address)},
                     {"stats", json::array({connections})},
                     {"health_status", std::move(health)},
                     {"weight", 1}});
  }
  const json threshold = {{"priority", "DEFAULT"},
                          {"max_connections", cluster.limits.max_connections},
                          {"max_pending_requests", cluster.limits.max_pending_requests},
                          {"max_requests", cluster.limits.max_requests},
                          {"max_retries", cluster.limits.max_retries}};
  return {{"name", cluster.name},
          {"observability_name", cluster.name},
          {"added_via_api", false},
          {"host_statuses", std::move(hosts)},
          {"circuit_breakers", {{"thresholds", json::array({threshold})}}}};
}

// Certificates

std::string name_of(const config::DataSource& source) {
  if (const auto* file = std::get_if<config::LocalFile>(&source)) return file->path;
  if (const auto* variable = std::get_if<config::EnvironmentVariable>(&source)) {
    return "$" + variable->name;
  }
  return "<inline>";
}

std::string serial_of(X509& certificate) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr);
  char* const text = number == nullptr ? nullptr : BN_bn2hex(number);
  std::string serial = text == nullptr ? "" : text;
  OPENSSL_free(text);
  BN_free(number);
  std::ranges::transform(serial, serial.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  });
  return serial;
}

// "2026-11-27T12:00:00Z"
std::string time_text(const ASN1_TIME& time) {
  std::tm parts{};
  char text[32] = "";
  if (ASN1_TIME_to_tm(&time, &parts) == 1) std::strftime(text, sizeof text, "%FT%TZ", &parts);
  return text;
}

int64_t days_until(const ASN1_TIME& time) {
  int days = 0;
  int seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, &time) != 1) return 0;
  return std::max(days, 0);
}

json certificate_json(X509& certificate, const std::string& path) {
  json names = json::array();
  for (const auto& [kind, key] :
       {std::pair{GEN_DNS, "dns"}, std::pair{GEN_URI, "uri"}, std::pair{GEN_IPADD, "ip_address"}}) {
    for (const std::string& name : alternative_names(certificate, kind)) {
      names.push_back({{key, name}});
    }
  }
  return {{"path", path},
          {"serial_number", serial_of(certificate)},
          {"subject_alt_names", std::move(names)},
          {"days_until_expiration", days_until(*X509_get0_notAfter(&certificate))},
          {"valid_from", time_text(*X509_get0_notBefore(&certificate))},
          {"expiration_time", time_text(*X509_get0_notAfter(&certificate))}};
}

// Of authorities all, of a chain the first.
json certificates_json(const std::string& pem, const std::string& path, bool all) {
  json list = json::array();
  const auto parsed = parse_certificates(pem);
  if (!parsed.ok()) return list;
  for (const OwnX509& certificate : parsed.value()) {
    list.push_back(certificate_json(*certificate, path));
    if (!all) break;
  }
  return list;
}

void add_certificates(const TlsContext* context, json& into) {
  if (context == nullptr) return;
  const config::Tls& settings = context->settings();
  const TlsMaterial& material = context->material();
  json authorities = json::array();
  if (material.trusted_ca && settings.validation && settings.validation->trusted_ca) {
    authorities =
        certificates_json(*material.trusted_ca, name_of(*settings.validation->trusted_ca), true);
  }
  const size_t chains = std::min(material.certificates.size(), settings.certificates.size());
  for (size_t i = 0; i < std::max<size_t>(chains, authorities.empty() ? 0 : 1); ++i) {
    json chain = json::array();
    if (i < chains) {
      chain = certificates_json(material.certificates[i].chain,
                                name_of(settings.certificates[i].chain), false);
    }
    into.push_back({{"ca_cert", authorities}, {"cert_chain", std::move(chain)}});
  }
}

json typed(std::string_view type, json content) {
  content["@type"] = "type.googleapis.com/" + std::string(type);
  return content;
}

json take_list(json& bootstrap, const char* of) {
  const auto resources = bootstrap.find("static_resources");
  if (resources == bootstrap.end() || !resources->contains(of)) return json::array();
  return (*resources)[of];
}

json wrapped(const json& list, const char* as, std::string_view type) {
  json out = json::array();
  for (const json& item : list) out.push_back({{as, typed(type, item)}});
  return out;
}

}  // namespace

AdminReply listeners_page(const UpdateStatus& status, const AdminQuery& query) {
  json statuses = json::array();
  std::string text;
  const size_t count = status.generation == nullptr ? 0 : status.ports.size();
  for (size_t i = 0; i < count; ++i) {
    const config::Listener& listener = status.generation->settings.listeners[i];
    config::SocketAddress address = listener.address;
    address.port = status.ports[i];
    text += listener.name + "::" + to_string(address) + '\n';
    statuses.push_back({{"name", listener.name}, {"local_address", address_json(address)}});
  }
  if (wants_json(query)) return json_reply({{"listener_statuses", std::move(statuses)}});
  return {.body = std::move(text)};
}

AdminReply clusters_page(const UpdateStatus& status,
                         const std::vector<WorkerThread::ClusterStatuses>& workers,
                         const AdminQuery& query) {
  auto endpoints = sum_up(status, workers);
  json statuses = json::array();
  std::string text;
  if (status.generation != nullptr) {
    for (const config::Cluster& cluster : status.generation->settings.clusters) {
      text += clusters_text(cluster, endpoints[cluster.name]);
      statuses.push_back(cluster_json(cluster, endpoints[cluster.name]));
    }
  }
  if (wants_json(query)) return json_reply({{"cluster_statuses", std::move(statuses)}});
  return {.body = std::move(text)};
}

AdminReply certs_page(const UpdateStatus& status) {
  json certificates = json::array();
  if (status.generation != nullptr) {
    for (const auto& chains : status.generation->chains) {
      for (const GenerationChain& chain : chains) add_certificates(chain.tls.get(), certificates);
    }
    for (const auto& tls : status.generation->cluster_tls)
      add_certificates(tls.get(), certificates);
  }
  return json_reply({{"certificates", std::move(certificates)}});
}

AdminReply config_dump_page(const UpdateStatus& status) {
  json configs = json::array();
  const auto* generation = status.generation.get();
  if (generation != nullptr && generation->settings.message != nullptr) {
    const auto shown = config::to_shown_json(*generation->settings.message);
    if (!shown.ok()) return {.status = 500, .body = shown.error().message + "\n"};
    json bootstrap = json::parse(shown.value(), nullptr, false);
    const json clusters = take_list(bootstrap, "clusters");
    const json listeners = take_list(bootstrap, "listeners");
    configs.push_back(typed("envoy.admin.v3.BootstrapConfigDump", {{"bootstrap", bootstrap}}));
    configs.push_back(typed(
        "envoy.admin.v3.ClustersConfigDump",
        {{"static_clusters", wrapped(clusters, "cluster", "envoy.config.cluster.v3.Cluster")}}));
    configs.push_back(typed("envoy.admin.v3.ListenersConfigDump",
                            {{"static_listeners", wrapped(listeners, "listener",
                                                          "envoy.config.listener.v3.Listener")}}));
  }
  return json_reply({{"configs", std::move(configs)}});
}

}  // namespace weir::serve
