#include "planes/serve/cluster_route.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/guarded.h"
#include "base/shown_url.h"
#include "base/suggestion.h"
#include "fetch/image_reference.h"
#include "fetch/route.h"
#include "fetch/url_parts.h"
#include "planes/serve/cluster_settings.h"
#include "planes/serve/cluster_upstreams.h"
#include "planes/serve/generation.h"
#include "planes/serve/reaper.h"

namespace weir::serve {
namespace {

namespace asio = boost::asio;
using fetch::Fetched;
using fetch::HttpRequest;
using fetch::HttpResponse;

// Collects an answer, and stops the loop when it is whole.
class Answer final : public runtime::UpstreamObserver {
 public:
  Answer(asio::io_context& io, const HttpRequest& request) : io_(io), request_(request) {}

  void fail(fetch::Failure why) {
    failure_ = std::move(why);
    io_.stop();
  }

  // Once the loop has stopped.
  Fetched<HttpResponse> take() {
    if (failure_) return std::move(*failure_);
    return std::move(response_);
  }

 private:
  void on_headers(abi::HeaderList headers, abi::EndOfStream end) override {
    const std::string_view status = headers.find(":status").value_or("");
    std::from_chars(status.begin(), status.end(), response_.status);
    response_.content_type = headers.find("content-type").value_or("");
    headers.for_each([&](std::string_view name, std::string_view value) {
      if (name == "www-authenticate") response_.challenges.emplace_back(value);
    });
    const auto location = headers.find("location");
    if (response_.status / 100 == 3 && location) {
      response_.redirect = fetch::resolve_url(request_.url, std::string(*location));
    }
    finish(end);
  }
  void on_data(Bytes data, abi::EndOfStream end) override {
    if (failure_) return;
    if (data.size() > request_.max_bytes - response_.body.size()) {
      return fail(
          fetch::final("the answer is larger than " + std::to_string(request_.max_bytes) + " bytes",
                       ErrorCode::LimitExceeded));
    }
    response_.body += as_text(data);
    finish(end);
  }
  void on_trailers(abi::HeaderList /*trailers*/) override { finish(abi::EndOfStream::Yes); }
  void on_failure(std::string_view reason) override { fail(fetch::passing(std::string(reason))); }

  void finish(abi::EndOfStream end) {
    if (end == abi::EndOfStream::Yes) io_.stop();
  }

  asio::io_context& io_;
  const HttpRequest& request_;
  HttpResponse response_;
  std::optional<fetch::Failure> failure_;
};

// Each request has a loop and a cluster of its own, on the thread that waits for it.
class ClusterRoute final : public fetch::Route {
 public:
  ClusterRoute(std::shared_ptr<const config::Cluster> cluster,
               std::shared_ptr<const TlsContext> tls)
      : cluster_(std::move(cluster)), tls_(std::move(tls)) {}

  Fetched<HttpResponse> send(const HttpRequest& request,
                             const std::stop_token& stop) const override {
    auto sent = try_send(request, stop);
    if (sent.ok()) return sent;
    return std::move(sent).error().in(shown_url(request.url) + ": cluster '" + cluster_->name +
                                      "'");
  }

 private:
  Fetched<HttpResponse> try_send(const HttpRequest& request, const std::stop_token& stop) const;
  ClusterSettings settings() const;
  abi::HeaderList headers_of(const fetch::UrlParts& url) const;

  const std::shared_ptr<const config::Cluster> cluster_;
  const std::shared_ptr<const TlsContext> tls_;
};

// A try has no turn to go on from, and is not to ask the first endpoint of all that wait for code.
ClusterSettings ClusterRoute::settings() const {
  ClusterSettings settings = cluster_settings(*cluster_);
  settings.tls = tls_;
  settings.balancing = config::Cluster::Balancing::Random;
  settings.health_checks.clear();
  settings.outlier_detection.reset();
  return settings;
}

abi::HeaderList ClusterRoute::headers_of(const fetch::UrlParts& url) const {
  abi::HeaderList headers{{":method", "GET"},
                          {":scheme", tls_ == nullptr ? "http" : "https"},
                          {":authority", url.authority},
                          {":path", url.target},
                          {"user-agent", "weir"},
                          {"accept", "*/*"}};
  if (url.credentials) {
    WEIR_CHECK(headers.add("authorization", fetch::basic_authorization(*url.credentials)));
  }
  return headers;
}

Fetched<HttpResponse> ClusterRoute::try_send(const HttpRequest& request,
                                             const std::stop_token& stop) const {
  const auto url = fetch::parse_url(request.url);
  if (!url) return fetch::final("the uri has a part that no URL may have");
  if (url->secure && url->credentials && tls_ == nullptr) {
    return fetch::final(
        "the password in the uri is not sent, as the cluster has no TLS; give it a "
        "transport_socket, or write http://");
  }
  asio::io_context io{1};
  const auto post = [&io](std::function<void()> task) { asio::post(io, std::move(task)); };
  Reaper reaper(post);
  auto cluster = make_cluster(io, settings());
  if (!cluster.ok()) return fetch::final(std::move(cluster).error().message);
  NamedClusters clusters;
  clusters.emplace(cluster_->name, std::move(cluster).value());
  ClusterUpstreams upstreams(reaper);
  upstreams.push_front(clusters);

  Answer answer(io, request);
  auto opened = upstreams.open(cluster_->name, headers_of(*url), abi::EndOfStream::Yes,
                               runtime::Protocol::Any, answer);
  if (!opened.ok()) return fetch::final("the request cannot be sent");
  asio::steady_timer timer(io, request.timeout);
  timer.async_wait([&](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    answer.fail(
        fetch::passing("timed out after " + std::to_string(request.timeout.count()) + " ms"));
  });
  const std::stop_callback on_stop(stop,
                                   [&] { post([&] { answer.fail(fetch::final("broken off")); }); });
  io.run();
  opened.value().reset();
  reaper.reap();
  return answer.take();
}

Result<std::shared_ptr<const TlsContext>> make_tls(const config::Tls& settings,
                                                   const std::filesystem::path& base_dir) {
  WEIR_TRY(TlsMaterial material, read_tls_material(settings, base_dir));
  return TlsContext::make(TlsContext::Side::Client, settings, std::move(material));
}

}  // namespace

planes::CodeSupply::FindRoute cluster_routes(std::filesystem::path base_dir) {
  using Known = std::map<const config::Cluster*, std::weak_ptr<const fetch::Route>>;
  const auto known = std::make_shared<Guarded<Known>>();
  return
      [known, base_dir = std::move(base_dir)](const std::shared_ptr<const config::Cluster>& cluster)
          -> Result<std::shared_ptr<const fetch::Route>> {
        auto routes = known->lock();
        std::erase_if(*routes, [](const auto& entry) { return entry.second.expired(); });
        if (const auto found = routes->find(cluster.get()); found != routes->end()) {
          if (auto route = found->second.lock()) return route;
        }
        std::shared_ptr<const TlsContext> tls;
        if (cluster->tls) {
          auto made = make_tls(*cluster->tls, base_dir);
          if (!made.ok()) return cluster->tls->where.locate(std::move(made).error());
          tls = std::move(made).value();
        }
        std::shared_ptr<const fetch::Route> route =
            std::make_shared<const ClusterRoute>(cluster, std::move(tls));
        routes->insert_or_assign(cluster.get(), route);
        return route;
      };
}

void warn_of_misspelt_clusters(const config::ServeSettings& settings, Logger& logger) {
  std::vector<std::string> names;
  for (const config::Cluster& cluster : settings.clusters) names.push_back(cluster.name);
  for (const PlacedPlugin& place : plugins_of(settings)) {
    const auto* remote = std::get_if<config::RemoteFile>(&place.settings.vm.code);
    if (remote == nullptr || remote->route.cluster != nullptr) continue;
    if (fetch::is_image_uri(remote->uri)) continue;
    const std::string* similar = find_similar(remote->cluster, names);
    if (similar == nullptr) continue;
    const Error told = place.settings.where.locate(
        config::PluginField::Code,
        {ErrorCode::NotFound,
         "plugin '" + place.settings.name + "': there is no cluster '" + remote->cluster +
             "', as its http_uri.cluster says, so the uri's own host is asked; did you mean '" +
             *similar + "'?"});
    logger.log(LogLevel::Warn, told.message);
  }
}

}  // namespace weir::serve
