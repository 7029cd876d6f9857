#include "planes/serve/route.h"

#include <algorithm>
#include <array>

#include "planes/serve/header_edits.h"
#include "planes/serve/redirect.h"

namespace weir::serve {
namespace {

config::PathRewrite rewrite_of(const config::Route& route) {
  if (const auto* forward = std::get_if<config::Forward>(&route.action)) return forward->rewrite;
  if (const auto* redirect = std::get_if<config::Redirect>(&route.action)) return redirect->rewrite;
  return {};
}

config::RetryPolicy retries_of(const config::Route& route) {
  const auto* forward = std::get_if<config::Forward>(&route.action);
  return forward == nullptr ? config::RetryPolicy() : forward->retry;
}

// What a request has no room for stays as it is.
void set(abi::HeaderList& headers, std::string_view name, std::string_view value) {
  static_cast<void>(headers.replace(name, value));
}

// The upstream finds the client's host beside it, as in Envoy.
void rewrite_host(abi::HeaderList& headers, const std::string& host) {
  const std::string original(headers.find(":authority").value_or(""));
  set(headers, ":authority", host);
  if (!original.empty()) set(headers, "x-envoy-original-host", original);
}

}  // namespace

Route::Route(const config::Route& settings, const Surroundings& around,
             std::vector<RouteCluster> clusters)
    : settings_(settings),
      around_(around),
      matcher_(settings.match),
      rewriter_(rewrite_of(settings)),
      retry_policy_(retries_of(settings)),
      clusters_(std::move(clusters)) {
  for (const RouteCluster& cluster : clusters_) total_weight_ += cluster.weight;
}

const RouteCluster* Route::choose_cluster(uint64_t random) const {
  if (clusters_.size() <= 1) return clusters_.empty() ? nullptr : &clusters_.front();
  uint64_t place = random % total_weight_;
  for (const RouteCluster& cluster : clusters_) {
    if (place < cluster.weight) return &cluster;
    place -= cluster.weight;
  }
  return &clusters_.back();
}

// The innermost has the last word.
std::optional<bool> Route::enables(std::string_view filter) const {
  for (const auto* switches : {&settings_.filters, &around_.host.filters, &around_.all.filters}) {
    const auto found = std::ranges::find(*switches, filter, &config::FilterSwitch::filter);
    if (found != switches->end()) return found->enabled;
  }
  return std::nullopt;
}

// Of all that surround the request, in the order in which the configuration wants their edits made.
template <typename Edit>
void Route::for_each_edit(const RouteCluster* cluster, Edit edit) const {
  std::array<const config::MessageEdits*, 4> edits = {cluster == nullptr ? nullptr : cluster->edits,
                                                      &settings_.edits, &around_.host.edits,
                                                      &around_.all.edits};
  if (around_.all.most_specific_edits_last) std::ranges::reverse(edits);
  for (const config::MessageEdits* one : edits) {
    if (one != nullptr) edit(*one);
  }
}

void Route::finish_request(abi::HeaderList& headers, const RouteCluster& cluster) const {
  for_each_edit(&cluster, [&](const auto& edits) { edit(headers, edits.request); });
  rewrite(headers);
}

void Route::finish_response(abi::HeaderList& headers, const RouteCluster* cluster) const {
  for_each_edit(cluster, [&](const auto& edits) { edit(headers, edits.response); });
}

void Route::rewrite(abi::HeaderList& headers) const {
  const config::Forward& forward = *this->forward();
  if (!forward.host_rewrite.empty()) rewrite_host(headers, forward.host_rewrite);
  if (!forward.host_rewrite_header.empty()) {
    const std::string host(headers.find(forward.host_rewrite_header).value_or(""));
    if (!host.empty()) rewrite_host(headers, host);
  }
  if (rewriter_.is_empty()) return;
  const std::string original(headers.find(":path").value_or(""));
  const RequestPath path(original);
  std::string rewritten = rewriter_.rewrite(path.path, matcher_.matched_size(path.path));
  rewritten += path.query;
  set(headers, ":path", rewritten);
  set(headers, "x-envoy-original-path", original);
}

std::string Route::location(const abi::HeaderList& request) const {
  return redirect_location(*redirect(), rewriter_, matcher_, request);
}

}  // namespace weir::serve
