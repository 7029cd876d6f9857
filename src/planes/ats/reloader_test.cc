#include "planes/ats/reloader.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace weir::ats_plane {
namespace {

void wait_for(const std::stop_token& stop) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
  stopped.get_future().get();
}

TEST(ReloaderTest, ANewerWishBreaksOffTheOneBefore) {
  std::promise<void> first_runs;
  std::promise<bool> second;
  int reloads = 0;
  Reloader reloader([&](const std::stop_token& newer) {
    if (++reloads == 1) {
      first_runs.set_value();
      wait_for(newer);
    } else {
      second.set_value(newer.stop_requested());
    }
  });
  reloader.ask();
  std::thread thread([&] { reloader.run(); });
  first_runs.get_future().get();
  reloader.ask();
  reloader.run();  // the other one does it
  EXPECT_FALSE(second.get_future().get());
  thread.join();
  EXPECT_EQ(reloads, 2);
}

TEST(ReloaderTest, TheEndBreaksOffWhatIsUnderWay) {
  std::promise<void> runs;
  int ended = 0;
  Reloader reloader([&](const std::stop_token& newer) {
    runs.set_value();
    wait_for(newer);
    ++ended;
  });
  reloader.ask();
  std::thread thread([&] { reloader.run(); });
  runs.get_future().get();
  reloader.end();
  EXPECT_EQ(ended, 1);
  thread.join();
  reloader.ask();
  reloader.run();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace weir::ats_plane
