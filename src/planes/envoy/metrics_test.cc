#include "planes/envoy/metrics.h"

#include <gtest/gtest.h>

namespace weir::envoy_plane {
namespace {

using abi::MetricType;
using Journal = std::vector<std::string>;

// Envoy's part for one configuration. Notes what is counted, by the stat's name.
class FakeStats final : public ConfigStats {
 public:
  FakeStats(std::string name, Journal& journal) : name_(std::move(name)), journal_(journal) {}

  bool define(MetricType, std::string_view name, std::optional<std::string_view>,
              size_t& id) override {
    id = stats_.size();
    stats_.emplace_back(name);
    return true;
  }
  void change(MetricType, size_t id, std::optional<std::string_view> label, StatChange,
              uint64_t value) override {
    journal_.push_back(name_ + " " + stats_[id] + (label ? "." + std::string(*label) : "") + " " +
                       std::to_string(value));
  }

 private:
  std::string name_;
  Journal& journal_;
  std::vector<std::string> stats_;
};

class MetricsTest : public testing::Test {
 protected:
  ~MetricsTest() override { EnvoyMetrics::bind(nullptr); }

  std::unique_ptr<StatsTable> table(const std::string& name) {
    return std::make_unique<StatsTable>(metrics_, std::make_unique<FakeStats>(name, journal_));
  }
  // As a plugin does while `table` or `route` is configured with it.
  runtime::Metric& define(StatsTable* table, RouteMetrics* route, std::string_view name) {
    EnvoyMetrics::open(table, route);
    runtime::Metric* metric = metrics_.define(MetricType::Counter, name);
    EnvoyMetrics::open(nullptr, nullptr);
    return *metric;
  }
  // Events are this configuration's from now on.
  void enter(StatsTable* table) {
    current_ = table;
    EnvoyMetrics::bind(&current_);
  }

  Journal journal_;
  EnvoyMetrics metrics_;
  StatsTable* current_ = nullptr;
};

TEST_F(MetricsTest, AreStatsOfTheConfigurationThatDefinesThem) {
  const auto mine = table("mine");
  runtime::Metric& metric = define(mine.get(), nullptr, "metric");
  enter(mine.get());
  metric.add(2);
  EXPECT_EQ(journal_, (Journal{"mine metric 2"}));
}

TEST_F(MetricsTest, AreCountedInAFamilyWhenTheyAreDefinedLater) {
  const auto mine = table("mine");
  enter(mine.get());
  metrics_.define(MetricType::Counter, "metric")->add(1);
  EXPECT_EQ(journal_, (Journal{"mine late_counter.metric 1"}));
}

// A tick is often in an event of another plugin's stream. It was counted as a late one there.
TEST_F(MetricsTest, AreTheirOwnInEventsOfOtherConfigurations) {
  const auto other = table("other");
  auto mine = table("mine");
  runtime::Metric& metric = define(mine.get(), nullptr, "metric");
  enter(other.get());
  metric.add(1);
  EXPECT_EQ(journal_, (Journal{"mine metric 1"}));
  mine.reset();
  metric.add(1);
  EXPECT_EQ(journal_.back(), "other late_counter.metric 1");
}

TEST_F(MetricsTest, OfARouteAreStatsOfTheFiltersThatComeAfterIt) {
  const auto before = table("before");
  RouteMetrics route(metrics_);
  runtime::Metric& metric = define(nullptr, &route, "metric");
  const auto after = table("after");
  const auto another = table("another");
  enter(after.get());
  metric.add(1);
  enter(another.get());
  metric.add(1);
  enter(before.get());
  metric.add(1);
  EXPECT_EQ(journal_, (Journal{"after metric 1", "another metric 1", "after metric 1"}));
}

TEST_F(MetricsTest, OfARouteAreNotCountedWhileItIsConfigured) {
  const auto before = table("before");
  RouteMetrics route(metrics_);
  EnvoyMetrics::open(nullptr, &route);
  metrics_.define(MetricType::Counter, "metric")->add(1);
  EnvoyMetrics::open(nullptr, nullptr);
  EXPECT_EQ(journal_, Journal());
}

// A stat does not change its name while Envoy runs, because of an update.
TEST_F(MetricsTest, OfARouteStayLateOnceTheyHaveBeenCountedSo) {
  const auto before = table("before");
  RouteMetrics route(metrics_);
  runtime::Metric& metric = define(nullptr, &route, "metric");
  enter(before.get());
  metric.add(1);
  const auto after = table("after");
  enter(after.get());
  metric.add(1);
  EXPECT_EQ(journal_, (Journal{"before late_counter.metric 1", "after late_counter.metric 1"}));
}

TEST_F(MetricsTest, OfARouteThatIsGoneAreDefinedNoMore) {
  auto route = std::make_unique<RouteMetrics>(metrics_);
  runtime::Metric& metric = define(nullptr, route.get(), "metric");
  route.reset();
  const auto after = table("after");
  enter(after.get());
  metric.add(1);
  EXPECT_EQ(journal_, (Journal{"after late_counter.metric 1"}));
}

}  // namespace
}  // namespace weir::envoy_plane
