#include "planes/common/code_supply.h"

#include "base/shown_url.h"
#include "fetch/image_reference.h"
#include "planes/common/remedy.h"
#include "runtime/metrics.h"

namespace weir::planes {
namespace {

std::string name_of(const config::PluginSettings& plugin) { return "plugin '" + plugin.name + "'"; }

const config::RemoteFile* remote_file(const config::PluginSettings& plugin) {
  return std::get_if<config::RemoteFile>(&plugin.vm.code);
}

using config::PluginField;

Error error_at(PluginField field, const config::PluginSettings& plugin, Error error) {
  return plugin.where.locate(field, std::move(error).in(name_of(plugin)));
}

// The error of a fetch, with the field that it is about and what to do.
Error not_fetched(const config::PluginSettings& plugin, Error error) {
  const auto at = [&](PluginField field, std::string_view remedy) {
    return error_at(field, plugin, with_remedy(std::move(error), remedy));
  };
  switch (error.code) {
    case ErrorCode::BadModule:
      return at(PluginField::CodeHash, "write that one if it is the code that is wanted");
    case ErrorCode::LimitExceeded:
      return at(PluginField::MaxCodeBytes, "raise fetch.max_bytes of weir.v1.PluginOptions");
    case ErrorCode::BadConfig:
      return at(PluginField::PullSecret, "");
    default:
      return at(PluginField::Code, "see that the uri is right, and its server answers from here");
  }
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
  WEIR_TRY(source.pull_secret, config::read_data(*file.pull_secret, base_dir, "pull secret"));
  return source;
}

CodeSupply::CodeSupply(fetch::CodeFetcher* fetcher, std::filesystem::path base_dir,
                       FindRoute find_route)
    : fetcher_(fetcher), base_dir_(std::move(base_dir)), find_route_(std::move(find_route)) {}

Result<fetch::Source> CodeSupply::source_of(const config::PluginSettings& plugin) const {
  const config::RemoteFile* remote = remote_file(plugin);
  WEIR_CHECK(remote != nullptr);
  if (fetcher_ == nullptr) {
    return error_at(PluginField::Code, plugin,
                    {ErrorCode::Unsupported, "code is not fetched here: " + shown_url(remote->uri) +
                                                 "; use code.local.filename"});
  }
  auto source = make_source(*remote, base_dir_);
  if (source.ok()) {
    const auto& cluster = remote->route.cluster;
    if (find_route_ == nullptr || cluster == nullptr || fetch::is_image_uri(remote->uri)) {
      return source;
    }
    WEIR_TRY(source.value().route, find_route_(cluster));
    return source;
  }
  const bool in_uri = source.error().code == ErrorCode::BadConfig;
  return error_at(in_uri ? PluginField::Code : PluginField::PullSecret, plugin,
                  std::move(source).error());
}

Result<std::string> CodeSupply::read_local(const config::PluginSettings& plugin) const {
  if (const auto* file = std::get_if<config::LocalFile>(&plugin.vm.code)) {
    Done folder = config::check_watched_folder(*file, base_dir_);
    if (!folder.ok()) return error_at(PluginField::CodeFolder, plugin, std::move(folder).error());
  }
  auto code = config::read_code(plugin.vm.code, base_dir_);
  if (code.ok()) return code;
  return error_at(PluginField::Code, plugin, std::move(code).error());
}

Result<std::optional<std::string>> CodeSupply::find(const config::PluginSettings& plugin) const {
  if (remote_file(plugin) == nullptr) {
    WEIR_TRY(std::string code, read_local(plugin));
    return std::optional(std::move(code));
  }
  WEIR_TRY(const fetch::Source source, source_of(plugin));
  if (!plugin.vm.nack_on_code_cache_miss) return fetcher_->find(source);
  if (!fetcher_->has_cache()) {
    return error_at(
        PluginField::CacheMiss, plugin,
        {ErrorCode::BadConfig,
         "nack_on_code_cache_miss refuses what is not in the cache, and there is none"});
  }
  auto code = fetcher_->find_or_start(source);
  if (!code.ok()) return error_at(PluginField::CacheMiss, plugin, std::move(code).error());
  return std::optional(std::move(code).value());
}

void CodeSupply::fetch(const config::PluginSettings& plugin, OnDone done,
                       fetch::CodeFetcher::Wanted wanted) const {
  auto source = source_of(plugin);
  if (!source.ok()) return done(std::move(source).error());
  // What errors are made of; its other settings are not needed.
  config::PluginSettings named;
  named.name = plugin.name;
  named.where = plugin.where;
  fetcher_->fetch(
      source.value(),
      [named = std::move(named), done = std::move(done)](const Result<std::string>& code) {
        done(code.ok() ? code : not_fetched(named, code.error()));
      },
      std::move(wanted));
}

Result<std::string> CodeSupply::wait_for(const config::PluginSettings& plugin,
                                         const std::stop_token& stop) const {
  WEIR_TRY(auto found, find(plugin));
  if (found) return std::move(*found);
  WEIR_TRY(const fetch::Source source, source_of(plugin));
  auto code = fetcher_->wait_for(source, stop);
  if (code.ok()) return code;
  return not_fetched(plugin, std::move(code).error());
}

Error CodeSupply::after_fetch(const config::PluginSettings& plugin, Error error,
                              const std::stop_token& stop) const {
  const bool has_begun = remote_file(plugin) != nullptr && plugin.vm.nack_on_code_cache_miss &&
                         error.code == ErrorCode::NotFound;
  if (fetcher_ == nullptr || !has_begun) return error;
  const auto source = source_of(plugin);
  if (!source.ok()) return error;
  const auto [fetched, failure] = fetcher_->finish(source.value(), stop);
  error.message += failure.empty() ? "; what was fetched is there for the next start"
                                   : "; the fetch has failed: " + failure;
  return error;
}

fetch::CodeFetcher::Background CodeSupply::finish(const std::stop_token& stop) const {
  if (fetcher_ == nullptr) return {};
  return fetcher_->finish(stop);
}

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
