#include "planes/serve/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "planes/common/temporary_folder.h"

namespace weir::serve::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileWatchTest : public ::testing::Test {
 protected:
  void watch(std::vector<std::filesystem::path> files) {
    auto made = FileWatch::make(io, std::move(files), [this](const std::vector<size_t>& changed) {
      seen.push_back(changed);
    });
    ASSERT_TRUE(made.ok()) << made.error().message;
    watch_ = std::move(made).value();
  }
  // Runs the loop until a change was reported.
  const std::vector<size_t>& next_change() {
    seen.clear();
    while (seen.empty()) {
      if (io.run_one_for(std::chrono::seconds(10)) == 0) seen.emplace_back();
    }
    return seen.front();
  }

  planes::testing::TemporaryFolder folder;
  boost::asio::io_context io;
  std::vector<std::vector<size_t>> seen;

 private:
  std::unique_ptr<FileWatch> watch_;
};

TEST_F(FileWatchTest, SeesAFileWrittenAnew) {
  folder.write("a", "1");
  folder.write("b", "1");
  watch({folder / "a", folder / "b"});
  folder.write("b", "22");
  EXPECT_THAT(next_change(), ElementsAre(1));
}

TEST_F(FileWatchTest, SeesAnotherFileRenamedOverIt) {
  folder.write("a", "1");
  watch({folder / "a"});
  folder.write("new", "2");
  std::filesystem::rename(folder / "new", folder / "a");
  EXPECT_THAT(next_change(), ElementsAre(0));
}

TEST_F(FileWatchTest, SeesALinkTurnedToAnotherFile) {
  folder.write("one", "1");
  folder.write("two", "22");
  std::filesystem::create_symlink("one", folder / "a");
  watch({folder / "a"});
  std::filesystem::create_symlink("two", folder / "next");
  std::filesystem::rename(folder / "next", folder / "a");
  EXPECT_THAT(next_change(), ElementsAre(0));
}

TEST_F(FileWatchTest, IgnoresOtherFilesAndWaitsForOneThatIsGone) {
  folder.write("a", "1");
  watch({folder / "a"});
  folder.write("other", "1");
  std::filesystem::remove(folder / "a");
  folder.write("a", "back");
  EXPECT_THAT(next_change(), ElementsAre(0));
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(FileWatchTest, NamesAFolderThatIsNotThere) {
  const auto made = FileWatch::make(io, {folder / "missing" / "a"}, [](const auto&) {});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("missing: No such file or directory"));
}

}  // namespace
}  // namespace weir::serve::testing
