#include "planes/serve/check.h"

#include "planes/serve/cluster_route.h"
#include "planes/serve/generation.h"

namespace weir::serve {

planes::CheckReport check_settings(const config::ServeSettings& settings,
                                   const planes::CodeSupply& supply, runtime::Host& host) {
  planes::CheckReport report;
  warn_of_misspelt_clusters(settings, host.logger());
  // They keep their plugins to the end, so that plugins of one VM find it.
  auto places = plugins_of(settings);
  for (PlacedPlugin& place : places) {
    place.plugin = planes::try_plugin(place.settings, place.holder, supply, host, report);
  }
  if (Done own = check_singletons(places); !own.ok()) {
    report.errors.push_back(std::move(own).error());
  }
  for (Error& error : check_logs(settings, supply.base_dir())) {
    report.errors.push_back(std::move(error));
  }
  auto generation = make_generation(settings);
  Done secured = generation.ok() ? open_tls(generation.value(), nullptr, supply.base_dir())
                                 : Done(std::move(generation).error());
  if (!secured.ok()) report.errors.push_back(std::move(secured).error());
  if (report.errors.empty()) {
    report.passed.push_back(planes::count_of(settings.listeners.size(), "listener") + ", " +
                            planes::count_of(settings.clusters.size(), "cluster") + ", " +
                            planes::count_of(places.size(), "plugin"));
  }
  return report;
}

}  // namespace weir::serve
