#include "planes/serve/cluster_upstreams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/chain_fakes.h"

namespace weir::serve::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Observer final : public runtime::UpstreamObserver {
 public:
  explicit Observer(Log& log) : log_(log) {}

  // Run inside every function.
  std::function<void()> act = [] {};

  void on_headers(HeaderList headers, EndOfStream end) override {
    note("headers " + std::string(headers.find(":status").value_or("")) + end_mark(end));
  }
  void on_data(Bytes data, EndOfStream end) override {
    note("data " + std::string(as_text(data)) + end_mark(end));
  }
  void on_trailers(HeaderList trailers) override { note("trailers" + fields(trailers)); }
  void on_failure(std::string_view reason) override { note("failure, " + std::string(reason)); }

 private:
  void note(const std::string& what) {
    log_.add("call: " + what);
    act();
  }

  Log& log_;
};

class ClusterUpstreamsTest : public ::testing::Test {
 protected:
  ClusterUpstreamsTest() { upstreams.push_front(clusters); }
  ~ClusterUpstreamsTest() override {
    stream.reset();
    services.run_posted();
  }

  void open(EndOfStream end, runtime::Protocol protocol = runtime::Protocol::Any) {
    const HeaderList headers{{":method", "GET"}, {":path", "/check"}, {":authority", "auth"}};
    auto opened = upstreams.open("auth", headers, end, protocol, observer);
    ASSERT_TRUE(opened.ok());
    stream = std::move(opened).value();
  }

  Log log;
  ManualClock clock;
  FakeServices services{clock};
  Reaper reaper{[this](std::function<void()> task) { services.post(std::move(task)); }};
  std::shared_ptr<FakeCluster> shared_cluster = std::make_shared<FakeCluster>(log, "auth");
  FakeCluster& cluster = *shared_cluster;
  NamedClusters clusters{{"auth", shared_cluster}};
  ClusterUpstreams upstreams{reaper};
  Observer observer{log};
  std::unique_ptr<runtime::UpstreamStream> stream;
};

TEST_F(ClusterUpstreamsTest, CarriesARequestAndItsResponse) {
  open(kMore);
  stream->send_data(as_bytes("body"), kMore);
  stream->send_trailers({{"t", "1"}});
  cluster.response().headers({{":status", "200"}}, kMore);
  cluster.response().data(body_of("yes"), kMore);
  cluster.response().trailers({{"t", "2"}});
  EXPECT_THAT(log.take(),
              ElementsAre("auth: headers /check", "auth: data body", "auth: trailers t=1",
                          "call: headers 200", "call: data yes", "call: trailers t=2"));
}

TEST_F(ClusterUpstreamsTest, AsksForHttp2WhereItIsNeeded) {
  open(kEnd, runtime::Protocol::Http2);
  EXPECT_THAT(log.take(), ElementsAre("auth: needs HTTP/2", "auth: headers /check end"));
}

TEST_F(ClusterUpstreamsTest, DoesNotKnowOtherNames) {
  const auto opened = upstreams.open("other", {}, kEnd, runtime::Protocol::Any, observer);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error(), runtime::OpenError::UnknownUpstream);
}

TEST_F(ClusterUpstreamsTest, TellsOfFailures) {
  open(kEnd);
  log.take();
  cluster.response().abort("connection refused");
  EXPECT_THAT(log.take(), ElementsAre("call: failure, connection refused"));
}

TEST_F(ClusterUpstreamsTest, MayBeDroppedFromInsideTheObserver) {
  open(kMore);
  log.take();
  observer.act = [this] { stream.reset(); };
  cluster.response().headers({{":status", "200"}}, kMore);
  cluster.response().data(body_of("late"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("call: headers 200"));
  services.run_posted();
  EXPECT_THAT(log.take(), ElementsAre("auth: gone"));
}

TEST_F(ClusterUpstreamsTest, TellsWhatWaitsToBeSent) {
  open(kMore);
  cluster.backlog = 7;
  EXPECT_EQ(stream->unsent_bytes(), 7U);
  cluster.response().headers({{":status", "413"}}, kEnd);
  EXPECT_EQ(stream->unsent_bytes(), 0U);
}

TEST_F(ClusterUpstreamsTest, SendsNothingAfterTheEnd) {
  open(kMore);
  cluster.response().headers({{":status", "413"}}, kEnd);
  log.take();
  stream->send_data(as_bytes("more"), kEnd);
  EXPECT_THAT(log.take(), IsEmpty());
}

TEST_F(ClusterUpstreamsTest, LooksThroughTheNewestClustersFirst) {
  const NamedClusters newer{{"auth", std::make_shared<FakeCluster>(log, "newer")}};
  upstreams.push_front(newer);
  open(kEnd);
  EXPECT_THAT(log.take(), ElementsAre("newer: headers /check end"));
  stream.reset();
  upstreams.remove(newer);
  open(kEnd);
  EXPECT_THAT(log.take(), ::testing::Contains("auth: headers /check end"));
}

TEST_F(ClusterUpstreamsTest, KeepsAClusterWhileACallIsUnderWay) {
  open(kMore);
  const std::weak_ptr<FakeCluster> known = shared_cluster;
  upstreams.remove(clusters);
  clusters.clear();
  shared_cluster.reset();
  EXPECT_FALSE(known.expired());
  stream->send_data(as_bytes("body"), kEnd);
  EXPECT_THAT(log.take(), ElementsAre("auth: headers /check", "auth: data body end"));
  stream.reset();
  services.run_posted();
  EXPECT_TRUE(known.expired());
}

}  // namespace
}  // namespace weir::serve::test
