#include "planes/common/code_supply.h"

#include "base/shown_url.h"
#include "fetch/image_reference.h"
#include "runtime/metrics.h"

namespace weir::planes {
namespace {

std::string name_of(const config::PluginSettings& plugin) { return "plugin '" + plugin.name + "'"; }

const config::RemoteFile* remote_file(const config::PluginSettings& plugin) {
  return std::get_if<config::RemoteFile>(&plugin.vm.code);
}

template <typename T>
Result<T> in_plugin(const config::PluginSettings& plugin, Result<T> result) {
  if (result.ok()) return result;
  return std::move(result).error().in(name_of(plugin));
}

}  // namespace

Result<fetch::Source> make_source(const config::RemoteFile& file,
                                  const std::filesystem::path& base_dir) {
  std::string hash = file.sha256;
  if (fetch::is_image_uri(file.uri)) {
    WEIR_TRY(const fetch::ImageReference image, fetch::parse_image_reference(file.uri));
    if (hash.empty()) hash = image.digest.substr(image.digest.find(':') + 1);
  }
  const auto sha256 = parse_digest(hash);
  if (!sha256) {
    return Error{ErrorCode::BadConfig,
                 shown_url(file.uri) + ": its sha256 is not 64 hexadecimal digits"};
  }
  fetch::Source source{.uri = file.uri,
                       .sha256 = *sha256,
                       .timeout = file.timeout,
                       .retries = file.retries,
                       .retry_base = file.retry_base,
                       .retry_max = file.retry_max,
                       .max_bytes = file.max_bytes,
                       .follow_redirects = file.follow_redirects,
                       .plain_http = file.plain_http};
  if (!file.pull_secret) return source;
  auto secret = config::read_data(*file.pull_secret, base_dir);
  if (!secret.ok()) return std::move(secret).error().in("pull secret");
  source.pull_secret = std::move(secret).value();
  return source;
}

CodeSupply::CodeSupply(fetch::CodeFetcher* fetcher, std::filesystem::path base_dir)
    : fetcher_(fetcher), base_dir_(std::move(base_dir)) {}

Result<fetch::Source> CodeSupply::source_of(const config::RemoteFile& file) const {
  if (fetcher_ == nullptr) {
    return Error{ErrorCode::Unsupported, "code is not fetched here: " + shown_url(file.uri)};
  }
  return make_source(file, base_dir_);
}

Result<std::optional<std::string>> CodeSupply::find(const config::PluginSettings& plugin) const {
  const auto look = [&]() -> Result<std::optional<std::string>> {
    const config::RemoteFile* remote = remote_file(plugin);
    if (remote == nullptr) {
      WEIR_TRY(std::string code, config::read_code(plugin.vm.code, base_dir_));
      return std::optional(std::move(code));
    }
    WEIR_TRY(const fetch::Source source, source_of(*remote));
    if (!plugin.vm.nack_on_code_cache_miss) return fetcher_->find(source);
    if (!fetcher_->has_cache()) {
      return Error{ErrorCode::BadConfig,
                   "nack_on_code_cache_miss refuses what is not in the cache, and there is none"};
    }
    WEIR_TRY(std::string code, fetcher_->find_or_start(source));
    return std::optional(std::move(code));
  };
  return in_plugin(plugin, look());
}

void CodeSupply::fetch(const config::PluginSettings& plugin, OnDone done,
                       fetch::CodeFetcher::Wanted wanted) const {
  const config::RemoteFile* remote = remote_file(plugin);
  WEIR_CHECK(remote != nullptr);
  auto source = source_of(*remote);
  if (!source.ok()) return done(std::move(source).error().in(name_of(plugin)));
  fetcher_->fetch(
      source.value(),
      [name = name_of(plugin), done = std::move(done)](const Result<std::string>& code) {
        if (code.ok()) return done(code);
        done(Error(code.error()).in(name));
      },
      std::move(wanted));
}

Result<std::string> CodeSupply::wait_for(const config::PluginSettings& plugin,
                                         const std::stop_token& stop) const {
  WEIR_TRY(auto found, find(plugin));
  if (found) return std::move(*found);
  WEIR_TRY(const fetch::Source source, source_of(*remote_file(plugin)));
  return in_plugin(plugin, fetcher_->wait_for(source, stop));
}

Done CodeSupply::finish() const { return fetcher_ == nullptr ? Unit{} : fetcher_->finish(); }

void CodeSupply::report(runtime::Metrics& metrics) const {
  if (fetcher_ == nullptr) return;
  const auto write = [&](runtime::MetricType type, std::string_view name, uint64_t value) {
    runtime::Metric* metric = metrics.define(type, "wasm.remote_load_" + std::string(name));
    if (metric != nullptr) metric->record(value);
  };
  using enum runtime::MetricType;
  const auto& stats = fetcher_->stats();
  write(Gauge, "cache_entries", fetcher_->cache_entries());
  write(Counter, "cache_hits", stats.cache_hits);
  write(Counter, "cache_misses", stats.cache_misses);
  write(Counter, "cache_negative_hits", stats.cache_negative_hits);
  write(Counter, "fetch_failures", stats.fetch_failures);
  write(Counter, "fetch_successes", stats.fetch_successes);
}

}  // namespace weir::planes
