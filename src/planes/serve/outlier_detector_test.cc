#include "planes/serve/outlier_detector.h"

#include <gtest/gtest.h>

#include <optional>

namespace weir::serve {
namespace {

class OutlierDetectorTest : public ::testing::Test {
 protected:
  // Endpoints, all of which may be ejected.
  void start(size_t endpoints) {
    settings.max_ejection_percent = 100;
    make(endpoints);
  }
  void make(size_t endpoints) {
    detector.emplace(OutlierDetector::Parts{.settings = settings,
                                            .stats = stats,
                                            .on_change = [this] { ++changes; },
                                            .now = [this] { return time; },
                                            .random = [this] { return drawn; }});
    for (size_t i = 0; i < endpoints; ++i) records.push_back(detector->add());
  }
  void note(size_t endpoint, uint32_t status, int times = 1) {
    for (int i = 0; i < times; ++i) records[endpoint]->note_status(status);
  }
  bool is_ejected(size_t endpoint) const { return records[endpoint]->is_ejected(); }
  void pass(Milliseconds span) {
    time += span;
    detector->sweep();
  }
  uint64_t detected(Ejection kind) const {
    return stats.kinds[static_cast<size_t>(kind)].detected.value();
  }
  uint64_t enforced(Ejection kind) const {
    return stats.kinds[static_cast<size_t>(kind)].enforced.value();
  }

  config::OutlierDetection settings;
  OutlierStats stats;
  OutlierDetector::Time time{};
  uint64_t drawn = 0;
  int changes = 0;
  std::optional<OutlierDetector> detector;
  std::vector<std::shared_ptr<OutlierRecord>> records;
};

TEST_F(OutlierDetectorTest, EjectsAfterServerErrorsInARow) {
  start(2);
  note(0, 500, 4);
  note(0, 404);
  note(0, 500, 4);
  EXPECT_FALSE(is_ejected(0));
  note(0, 599);
  EXPECT_TRUE(is_ejected(0));
  EXPECT_FALSE(is_ejected(1));
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(stats.active.value(), 1u);
  EXPECT_EQ(enforced(Ejection::ServerErrors), 1u);
}

TEST_F(OutlierDetectorTest, TellsGatewayFailuresFromOtherErrors) {
  settings.gateway_failures = {.count = 2, .enforcing = 100};
  start(1);
  note(0, 502);
  note(0, 500);
  note(0, 503);
  EXPECT_FALSE(is_ejected(0));
  note(0, 504);
  EXPECT_TRUE(is_ejected(0));
  EXPECT_EQ(enforced(Ejection::GatewayFailures), 1u);
}

TEST_F(OutlierDetectorTest, DetectsWithoutEnforcing) {
  settings.server_errors.enforcing = 30;
  start(1);
  drawn = 130;
  note(0, 500, 5);
  EXPECT_FALSE(is_ejected(0));
  EXPECT_EQ(detected(Ejection::ServerErrors), 1u);
  drawn = 129;
  note(0, 500, 5);
  EXPECT_TRUE(is_ejected(0));
  EXPECT_EQ(detected(Ejection::ServerErrors), 2u);
}

TEST_F(OutlierDetectorTest, CountsFailuresAsStatusesUnlessTheyAreToldApart) {
  start(1);
  records[0]->note_failure();
  records[0]->note_timeout();
  records[0]->note_connected();
  note(0, 500, 3);
  EXPECT_TRUE(is_ejected(0));
}

TEST_F(OutlierDetectorTest, CountsFailuresApart) {
  settings.split_local_origin = true;
  settings.local_failures.count = 3;
  start(1);
  records[0]->note_failure();
  records[0]->note_timeout();
  note(0, 200);
  EXPECT_FALSE(is_ejected(0));
  records[0]->note_failure();
  EXPECT_TRUE(is_ejected(0));
  EXPECT_EQ(enforced(Ejection::LocalFailures), 1u);
  EXPECT_EQ(detected(Ejection::ServerErrors), 0u);
}

TEST_F(OutlierDetectorTest, EndsARowOfFailuresByAConnection) {
  settings.split_local_origin = true;
  settings.local_failures.count = 2;
  start(1);
  records[0]->note_failure();
  records[0]->note_connected();
  records[0]->note_failure();
  EXPECT_FALSE(is_ejected(0));
}

TEST_F(OutlierDetectorTest, EjectsNoMoreThanItMay) {
  settings.max_ejection_percent = 50;
  make(4);
  for (size_t i = 0; i < 4; ++i) note(i, 500, 5);
  EXPECT_TRUE(is_ejected(0) && is_ejected(1));
  EXPECT_FALSE(is_ejected(2) || is_ejected(3));
  EXPECT_EQ(stats.overflows.value(), 2u);
}

TEST_F(OutlierDetectorTest, EjectsOneOfFewOnlyWhereToldTo) {
  make(3);
  note(0, 500, 5);
  EXPECT_FALSE(is_ejected(0));
  records.clear();
  settings.always_eject_one = true;
  make(3);
  note(0, 500, 5);
  note(1, 500, 5);
  EXPECT_TRUE(is_ejected(0));
  EXPECT_FALSE(is_ejected(1));
}

TEST_F(OutlierDetectorTest, EjectsForLongerEachTime) {
  start(2);
  note(0, 500, 5);
  pass(Milliseconds(29'999));
  EXPECT_TRUE(is_ejected(0));
  pass(Milliseconds(10'001));
  EXPECT_FALSE(is_ejected(0));
  note(0, 500, 5);
  pass(Milliseconds(59'000));
  EXPECT_TRUE(is_ejected(0));
  pass(Milliseconds(10'000));
  EXPECT_FALSE(is_ejected(0));
  // What has been well for a while is ejected for less long.
  pass(settings.interval);
  pass(settings.interval);
  note(0, 500, 5);
  pass(Milliseconds(30'000));
  EXPECT_FALSE(is_ejected(0));
}

TEST_F(OutlierDetectorTest, BoundsEjections) {
  settings.base_ejection_time = Milliseconds(30'000);
  settings.max_ejection_time = Milliseconds(40'000);
  settings.max_jitter = Milliseconds(1'000);
  start(1);
  for (int i = 0; i < 3; ++i) {
    drawn = 0;
    note(0, 500, 5);
    pass(Milliseconds(40'000));
    EXPECT_FALSE(is_ejected(0)) << i;
  }
  drawn = 1'000;
  settings.server_errors.enforcing = 100;
  note(0, 500, 5);
  pass(Milliseconds(40'999));
  EXPECT_TRUE(is_ejected(0));
}

TEST_F(OutlierDetectorTest, EndsAnEjectionByAHealthCheck) {
  start(1);
  note(0, 500, 5);
  detector->on_healthy(*records[0]);
  EXPECT_FALSE(is_ejected(0));
  EXPECT_EQ(changes, 2);
  EXPECT_EQ(stats.active.value(), 0u);
}

TEST_F(OutlierDetectorTest, LeavesAnEjectionBeUnlessHealthChecksMayEndIt) {
  settings.health_check_ends_ejection = false;
  start(1);
  note(0, 500, 5);
  detector->on_healthy(*records[0]);
  EXPECT_TRUE(is_ejected(0));
}

TEST_F(OutlierDetectorTest, ComparesRatesOfSuccess) {
  settings.server_errors.count = 1'000;
  start(6);
  for (size_t i = 0; i < 6; ++i) note(i, 200, 100);
  note(5, 500, 100);
  pass(settings.interval);
  EXPECT_TRUE(is_ejected(5));
  EXPECT_EQ(stats.active.value(), 1u);
  EXPECT_EQ(enforced(Ejection::SuccessRate), 1u);
}

TEST_F(OutlierDetectorTest, ComparesOnlyWhatHasEnoughRequestsInAnInterval) {
  settings.server_errors.count = 1'000;
  start(6);
  for (size_t i = 0; i < 6; ++i) note(i, i == 5 ? 500 : 200, 60);
  pass(settings.interval);
  for (size_t i = 0; i < 6; ++i) note(i, i == 5 ? 500 : 200, 60);
  pass(settings.interval);
  EXPECT_FALSE(is_ejected(5));
}

TEST_F(OutlierDetectorTest, HoldsFailuresAgainstAThreshold) {
  settings.server_errors.count = 1'000;
  settings.failure_percentage = {
      .threshold = 40, .minimum_hosts = 2, .request_volume = 10, .enforcing = 100};
  start(2);
  note(0, 200, 7);
  note(0, 500, 3);
  note(1, 200, 6);
  note(1, 500, 4);
  pass(settings.interval);
  EXPECT_FALSE(is_ejected(0));
  EXPECT_TRUE(is_ejected(1));
  EXPECT_EQ(enforced(Ejection::FailurePercentage), 1u);
}

TEST_F(OutlierDetectorTest, LooksAtLocalRatesWhereTheyAreToldApart) {
  settings.split_local_origin = true;
  settings.local_failures.count = 1'000;
  settings.failure_percentage = {.threshold = 50,
                                 .minimum_hosts = 1,
                                 .request_volume = 10,
                                 .enforcing = 0,
                                 .enforcing_local = 100};
  start(1);
  for (int i = 0; i < 10; ++i) records[0]->note_failure();
  pass(settings.interval);
  EXPECT_TRUE(is_ejected(0));
  EXPECT_EQ(enforced(Ejection::LocalFailurePercentage), 1u);
}

TEST_F(OutlierDetectorTest, OutlivedByItsRecords) {
  start(2);
  note(0, 500, 5);
  detector->remove(*records[0]);
  EXPECT_EQ(stats.active.value(), 0u);
  note(0, 500, 5);
  note(1, 500, 5);
  EXPECT_EQ(stats.active.value(), 1u);
  detector.reset();
  EXPECT_EQ(stats.active.value(), 0u);
  note(1, 500, 5);
  records[1]->note_failure();
}

}  // namespace
}  // namespace weir::serve
