#include "planes/envoy/main_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

#include "base/log_fakes.h"
#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {
namespace {

using Journal = std::vector<std::string>;

// Counts on `wakes`, which outlives it.
class CountingWaker final : public Waker {
 public:
  explicit CountingWaker(std::counting_semaphore<>& wakes) : wakes_(wakes) {}
  void wake() override { wakes_.release(); }

 private:
  std::counting_semaphore<>& wakes_;
};

// Envoy's part: numbers its calls, and notes what is asked of it.
class FakeCarrier final : public Carrier {
 public:
  FakeCarrier(const char* name, Calls calls, Journal& journal, std::counting_semaphore<>& wakes)
      : Carrier(name, calls, std::make_unique<CountingWaker>(wakes)),
        name_(name),
        journal_(journal) {}

  CallStart start(uint64_t& id, const CallRequest&) override {
    id = ++last_;
    note("start", id);
    return CallStart::Started;
  }
  void send_data(uint64_t id, std::string_view, bool) override { note("data", id); }
  void send_trailers(uint64_t id, std::vector<ModuleHeader>&) override { note("trailers", id); }
  void reset(uint64_t id) override { note("reset", id); }

 private:
  void note(const std::string& what, uint64_t id) {
    journal_.push_back(name_ + " " + what + " " + std::to_string(id));
  }

  std::string name_;
  Journal& journal_;
  uint64_t last_ = 0;
};

// The plugin's part.
class FakeObserver final : public runtime::UpstreamObserver {
 public:
  void on_headers(abi::HeaderList, abi::EndOfStream) override {}
  void on_data(Bytes, abi::EndOfStream) override {}
  void on_trailers(abi::HeaderList) override {}
  void on_failure(std::string_view reason) override { failure = reason; }

  std::string failure;
};

// The test's thread is the main one, and the worker of the calls, too.
class MainThreadTest : public testing::Test {
 protected:
  static constexpr const char* kOld = "old";
  static constexpr const char* kNew = "new";
  static constexpr const char* kService = "service";

  // As a worker does when it ends: what waits in the inbox holds calls, which hold the inbox.
  ~MainThreadTest() override { inbox_->close(); }

  void add(const char* name, Carrier::Calls calls = Carrier::Calls::Streams) {
    main_.add(std::make_unique<FakeCarrier>(name, calls, journal_, wakes_));
  }

  std::unique_ptr<runtime::UpstreamStream> call(FakeObserver& observer,
                                                runtime::Protocol protocol = runtime::Protocol::Any,
                                                const char* cluster = "cluster") {
    auto opened = calls_.open(cluster, {}, abi::EndOfStream::Yes, protocol, observer);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }

  test::RecordingLogger logger_;
  std::counting_semaphore<> wakes_{0};
  Journal journal_;
  SystemClock clock_;
  TimerThread timers_{clock_};
  MainThread main_{logger_, timers_};
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>([] {});
  RootCalls calls_{main_, inbox_};
  FakeObserver first_;
  FakeObserver second_;
};

TEST_F(MainThreadTest, TheNewestFilterCarriesCalls) {
  add(kOld);
  add(kNew);
  add(kService, Carrier::Calls::Unary);
  const auto made = call(first_);
  main_.work();
  EXPECT_EQ(journal_, (Journal{"new start 1"}));
}

TEST_F(MainThreadTest, WithoutFiltersTheOldestOtherDoes) {
  add(kService, Carrier::Calls::Unary);
  add("cluster", Carrier::Calls::Unary);
  const auto made = call(first_);
  const auto needs_stream = call(second_, runtime::Protocol::Http2);
  main_.work();
  inbox_->work();
  EXPECT_EQ(journal_, (Journal{"service start 1"}));
  EXPECT_NE(second_.failure.find("HTTP filter"), std::string::npos) << second_.failure;
}

TEST_F(MainThreadTest, ACallWithoutAWayFailsAtOnceAndTheLogSaysWhyOnce) {
  const auto made = call(first_);
  EXPECT_EQ(first_.failure, "");  // never before open() has returned
  const auto another = call(second_);
  inbox_->work();
  EXPECT_NE(first_.failure.find("HTTP filter"), std::string::npos) << first_.failure;
  EXPECT_EQ(first_.failure, second_.failure);
  EXPECT_EQ(logger_.lines().size(), 1U);
  // Nothing is kept for a way that comes later.
  add(kNew);
  main_.work();
  EXPECT_EQ(journal_, Journal());
}

TEST_F(MainThreadTest, OtherWorkWaitsForAWay) {
  bool done = false;
  main_.run([&] { done = true; });
  EXPECT_FALSE(wakes_.try_acquire());
  add(kNew);
  EXPECT_TRUE(wakes_.try_acquire());
  main_.work();
  EXPECT_TRUE(done);
}

TEST_F(MainThreadTest, ACallWhoseOnlyWayGoesBeforeItStartsFails) {
  add(kOld);
  const auto made = call(first_);
  main_.remove(kOld);
  inbox_->work();
  EXPECT_EQ(first_.failure, RootCall::kCarrierGone);
}

TEST_F(MainThreadTest, ACarrierThatAWorkerDestroysWaitsUntilItsCallsAreReset) {
  add(kOld);
  const auto made = call(first_);
  main_.work();
  add(kNew);
  while (wakes_.try_acquire()) {
  }
  std::atomic<bool> gone = false;
  std::thread worker([&] {
    main_.remove(kOld);
    gone = true;
  });
  wakes_.acquire();  // through the other
  EXPECT_FALSE(gone);
  EXPECT_EQ(journal_, (Journal{"old start 1"}));
  main_.work();
  worker.join();
  EXPECT_EQ(journal_, (Journal{"old start 1", "old reset 1"}));
  inbox_->work();
  EXPECT_EQ(first_.failure, RootCall::kCarrierGone);
}

TEST_F(MainThreadTest, WhereNothingWakesItTheEndOfACallEndsTheWait) {
  add(kOld);
  const auto made = call(first_);
  const auto another = call(second_);
  main_.work();
  std::thread worker([&] { main_.remove(kOld); });
  // It waits once its carrier takes no more calls.
  FakeObserver third;
  while (third.failure.empty()) {
    const auto probe = call(third);
    inbox_->work();
  }
  EXPECT_NE(main_.take(kOld, 1), nullptr);
  main_.reset_calls_of_leaving();
  worker.join();
  EXPECT_EQ(journal_.back(), "old reset 2");
}

TEST_F(MainThreadTest, ACarrierWithoutCallsDoesNotWait) {
  add(kOld);
  std::thread worker([&] { main_.remove(kOld); });
  worker.join();
}

TEST_F(MainThreadTest, TheEndResetsTheNewestFirstAndNoMoreBegin) {
  add(kOld);
  const auto made = call(first_);
  main_.work();
  add(kNew);
  const auto another = call(second_);
  main_.work();
  main_.close();
  EXPECT_EQ(journal_, (Journal{"old start 1", "new start 1", "new reset 1", "old reset 1"}));
  FakeObserver late;
  const auto too_late = call(late);
  inbox_->work();
  EXPECT_EQ(first_.failure, "Envoy ends");
  EXPECT_EQ(second_.failure, "Envoy ends");
  EXPECT_EQ(late.failure, "Envoy ends");
}

TEST_F(MainThreadTest, AnEventAfterAWorkersEndResetsTheOtherCalls) {
  add(kNew);
  const auto busy = call(first_);
  const auto waiting = call(second_);
  FakeObserver third;
  const auto last = call(third);
  main_.work();
  EXPECT_NE(main_.find(kNew, 1), nullptr);
  const Journal started = {"new start 1", "new start 2", "new start 3"};
  EXPECT_EQ(journal_, started);
  main_.on_worker_end();
  EXPECT_EQ(journal_, started);  // the worker's thread may not touch Envoy's calls
  EXPECT_NE(main_.find(kNew, 1), nullptr);
  Journal all = started;
  all.insert(all.end(), {"new reset 3", "new reset 2"});
  EXPECT_EQ(journal_, all);
  EXPECT_NE(main_.take(kNew, 1), nullptr);
  EXPECT_EQ(journal_, all);
}

// A connection of HTTP/2 in the pool that is being destroyed does not outlive that.
TEST_F(MainThreadTest, SuchAnEventOfAGrpcClusterSparesThatCluster) {
  add(kNew);
  const auto busy = call(first_, runtime::Protocol::Http2);
  const auto waiting = call(second_, runtime::Protocol::Http2);
  FakeObserver third;
  const auto elsewhere = call(third, runtime::Protocol::Any, "another");
  main_.work();
  main_.on_worker_end();
  EXPECT_NE(main_.find(kNew, 1), nullptr);
  EXPECT_EQ(journal_.back(), "new reset 3");
  EXPECT_NE(main_.find(kNew, 2), nullptr);
}

TEST_F(MainThreadTest, OnceAWorkerHasEndedNoOtherWaits) {
  add(kOld);
  const auto made = call(first_);
  main_.work();
  std::thread worker([&] { main_.remove(kOld); });
  main_.on_worker_end();
  worker.join();
  inbox_->work();
  EXPECT_EQ(first_.failure, RootCall::kCarrierGone);
}

TEST_F(MainThreadTest, TheEndWaitsForCallsThatCannotBeTakenBackSaveOfOneOfEachCluster) {
  add(kService, Carrier::Calls::Unary);
  bool ended = false;
  auto made = call(first_);
  const auto another = call(second_);
  main_.work();
  made.reset();  // Envoy goes on with it
  main_.work();
  main_.close([&] { ended = true; });
  EXPECT_FALSE(ended);
  EXPECT_EQ(logger_.lines().size(), 1U);
  main_.answer(kService, 1, {CalloutResult::Success, nullptr, 0, nullptr, 0});
  EXPECT_TRUE(ended);
}

TEST_F(MainThreadTest, TheEndWaitsForNoSingleCall) {
  add(kService, Carrier::Calls::Unary);
  const auto made = call(first_);
  main_.work();
  bool ended = false;
  main_.close([&] { ended = true; });
  EXPECT_TRUE(ended);
}

TEST_F(MainThreadTest, TheEndWaitsForNoCallsOfACarrierThatIsGone) {
  add(kService, Carrier::Calls::Unary);
  const auto made = call(first_);
  const auto another = call(second_);
  main_.work();
  bool ended = false;
  main_.close([&] { ended = true; });
  EXPECT_FALSE(ended);
  main_.remove(kService);
  EXPECT_TRUE(ended);
}

TEST_F(MainThreadTest, ACallThatNobodyWaitsForIsReset) {
  add(kNew);
  auto made = call(first_);
  main_.work();
  made.reset();
  main_.work();
  EXPECT_EQ(journal_, (Journal{"new start 1", "new reset 1"}));
}

}  // namespace
}  // namespace weir::envoy_plane
