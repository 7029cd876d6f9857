#include "planes/serve/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "planes/common/temporary_folder.h"

namespace weir::serve::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileWatchTest : public ::testing::Test {
 protected:
  using Paths = std::vector<std::filesystem::path>;

  static FileWatch::File file(const std::filesystem::path& path) {
    return {path, FileState::of(path)};
  }
  void watch(const Paths& paths) {
    auto made = FileWatch::make(
        io, [this](const Paths& changed) { seen.push_back(changed); },
        [this](const std::filesystem::path& file, const std::string& why) {
          absences.push_back(file.filename().string() + ": " + why);
        });
    ASSERT_TRUE(made.ok()) << made.error().message;
    watch_ = std::move(made).value();
    std::vector<FileWatch::File> files;
    for (const auto& path : paths) files.push_back(file(path));
    const Done set = watch_->set_files(files);
    ASSERT_TRUE(set.ok()) << set.error().message;
  }
  // Lets it look at what has been.
  void settle() { io.run_for(std::chrono::milliseconds(250)); }
  // Runs the loop until a change was reported.
  const Paths& next_change() {
    seen.clear();
    while (seen.empty()) {
      if (io.run_one_for(std::chrono::seconds(10)) == 0) seen.emplace_back();
    }
    return seen.front();
  }

  // Runs the loop until an absence was told of, or an end of one.
  std::string next_absence() {
    absences.clear();
    while (absences.empty()) {
      if (io.run_one_for(std::chrono::seconds(10)) == 0) absences.emplace_back("nothing");
    }
    return absences.front();
  }

  planes::test::TemporaryFolder folder;
  boost::asio::io_context io;
  std::vector<Paths> seen;
  std::vector<std::string> absences;
  std::unique_ptr<FileWatch> watch_;
};

TEST_F(FileWatchTest, SeesAFileWrittenAnew) {
  folder.write("a", "1");
  folder.write("b", "1");
  watch({folder / "a", folder / "b"});
  folder.write("b", "22");
  EXPECT_THAT(next_change(), ElementsAre(folder / "b"));
}

TEST_F(FileWatchTest, SeesAnotherFileRenamedOverIt) {
  folder.write("a", "1");
  watch({folder / "a"});
  folder.write("new", "2");
  std::filesystem::rename(folder / "new", folder / "a");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
}

TEST_F(FileWatchTest, SeesALinkTurnedToAnotherFile) {
  folder.write("one", "1");
  folder.write("two", "22");
  std::filesystem::create_symlink("one", folder / "a");
  watch({folder / "a"});
  std::filesystem::create_symlink("two", folder / "next");
  std::filesystem::rename(folder / "next", folder / "a");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
}

TEST_F(FileWatchTest, IgnoresOtherFilesAndWaitsForOneThatIsGone) {
  folder.write("a", "1");
  watch({folder / "a"});
  folder.write("other", "1");
  std::filesystem::remove(folder / "a");
  folder.write("a", "back");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(FileWatchTest, TellsOnceOfAFileThatStaysAway) {
  folder.write("a", "1");
  folder.write("b", "1");
  watch({folder / "a", folder / "b", folder / "never"});
  std::filesystem::remove(folder / "a");
  EXPECT_EQ(next_absence(), "a: No such file or directory");
  folder.write("other", "1");
  settle();
  EXPECT_EQ(absences.size(), 1u);
  folder.write("a", "back");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
  EXPECT_EQ(absences.size(), 1u);

  std::filesystem::rename(folder / "b", folder / "aside");
  EXPECT_EQ(next_absence(), "b: No such file or directory");
  std::filesystem::rename(folder / "aside", folder / "b");
  EXPECT_EQ(next_absence(), "b: ");
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(FileWatchTest, TellsOfLinksThatLeadNowhere) {
  folder.write("a", "1");
  watch({folder / "a"});
  std::filesystem::create_symlink("gone", folder / "next");
  std::filesystem::rename(folder / "next", folder / "a");
  EXPECT_EQ(next_absence(), "a: a symbolic link to 'gone', where there is nothing");
  folder.write("gone", "there");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));

  std::filesystem::create_symlink("a", folder / "next");
  std::filesystem::rename(folder / "next", folder / "a");
  EXPECT_EQ(next_absence(), "a: Too many levels of symbolic links");
}

TEST_F(FileWatchTest, TellsOfAFileThatWentWithItsFolder) {
  std::filesystem::create_directory(folder / "f");
  folder.write("f/a", "1");
  watch({folder / "f/a"});
  std::filesystem::remove_all(folder / "f");
  EXPECT_EQ(next_absence(), "a: No such file or directory");
  std::filesystem::create_directory(folder / "f");
  folder.write("f/a", "22");
  EXPECT_THAT(next_change(), ElementsAre(folder / "f/a"));
}

// A configuration that was rejected for a file that may not be read was not tried again when it
// might.
TEST_F(FileWatchTest, SeesThatAFileMayBeRead) {
  // Root may read all.
  const bool is_root = ::geteuid() == 0;
  std::filesystem::permissions(folder / ".", std::filesystem::perms::all);
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  folder.write("a", "1");
  std::filesystem::permissions(folder / "a", std::filesystem::perms::none);
  EXPECT_EQ(FileState::of(folder / "a"), FileState{});
  watch({folder / "a"});
  std::filesystem::permissions(folder / "a", std::filesystem::perms::owner_read);
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
  // That it may not any more changes nothing.
  std::filesystem::permissions(folder / "a", std::filesystem::perms::none);
  settle();
  EXPECT_EQ(seen.size(), 1u);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

// As Kubernetes replaces the files of a ConfigMap: all at once, by one link to their folder.
TEST_F(FileWatchTest, SeesALinkOnTheWayTurned) {
  for (const char* version : {"1", "2", "3"}) {
    std::filesystem::create_directory(folder / version);
    folder.write(std::string(version) + "/a", version);
  }
  const auto turn_to = [&](const char* version) {
    std::filesystem::create_directory_symlink(version, folder / "next");
    std::filesystem::rename(folder / "next", folder / "data");
  };
  turn_to("1");
  std::filesystem::create_symlink("data/a", folder / "a");
  watch({folder / "a", folder / "data" / "a"});
  for (const char* version : {"2", "3"}) {
    turn_to(version);
    EXPECT_THAT(next_change(), ElementsAre(folder / "a", folder / "data" / "a")) << version;
  }
  folder.write("3/a", "in place");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a", folder / "data" / "a"));
}

TEST_F(FileWatchTest, SeesAFolderOnTheWayReplaced) {
  std::filesystem::create_directories(folder / "outer" / "inner");
  folder.write("outer/inner/a", "1");
  watch({folder / "outer" / "inner" / "a"});
  settle();
  std::filesystem::create_directories(folder / "next" / "inner");
  folder.write("next/inner/a", "22");
  std::filesystem::rename(folder / "outer", folder / "before");
  std::filesystem::rename(folder / "next", folder / "outer");
  EXPECT_THAT(next_change(), ElementsAre(folder / "outer" / "inner" / "a"));
}

TEST_F(FileWatchTest, SeesAFolderThatWasRemovedMadeAgain) {
  std::filesystem::create_directory(folder / "made");
  folder.write("made/a", "1");
  watch({folder / "made" / "a"});
  std::filesystem::remove_all(folder / "made");
  settle();
  std::filesystem::create_directory(folder / "made");
  settle();
  folder.write("made/a", "22");
  EXPECT_THAT(next_change(), ElementsAre(folder / "made" / "a"));
}

TEST_F(FileWatchTest, SeesALinkRemovedAndMadeAgain) {
  folder.write("one", "1");
  folder.write("two", "22");
  std::filesystem::create_symlink("one", folder / "a");
  watch({folder / "a"});
  std::filesystem::remove(folder / "a");
  settle();
  std::filesystem::create_symlink("two", folder / "a");
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
}

TEST_F(FileWatchTest, OtherFilesWrittenWithoutEndDoNotPutAChangeOff) {
  folder.write("a", "1");
  watch({folder / "a"});
  folder.write("a", "22");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (seen.empty() && std::chrono::steady_clock::now() < deadline) {
    folder.write("log", "line");
    io.run_one_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(seen, ElementsAre(ElementsAre(folder / "a")));
}

// A build that takes its time: the file is told of when it is complete.
TEST_F(FileWatchTest, WaitsForAFileThatIsBeingWritten) {
  folder.write("a", "");
  watch({folder / "a"});
  for (size_t size = 1; size <= 10; ++size) {
    folder.write("a", std::string(size, 'x'));
    io.run_for(std::chrono::milliseconds(60));
    EXPECT_TRUE(seen.empty()) << size;
  }
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
}

TEST_F(FileWatchTest, SeesWhatChangedBeforeItWasWatched) {
  folder.write("a", "1");
  watch({});
  const FileWatch::File read = file(folder / "a");
  folder.write("a", "22");
  ASSERT_TRUE(watch_->set_files({read}).ok());
  EXPECT_THAT(next_change(), ElementsAre(folder / "a"));
}

TEST_F(FileWatchTest, ForgetsFilesThatItIsNoLongerToWatch) {
  folder.write("a", "1");
  folder.write("b", "1");
  watch({folder / "a"});
  ASSERT_TRUE(watch_->set_files({file(folder / "b")}).ok());
  folder.write("a", "22");
  folder.write("b", "22");
  EXPECT_THAT(next_change(), ElementsAre(folder / "b"));
}

TEST_F(FileWatchTest, NamesAFolderThatIsNotThere) {
  watch({});
  const Done done = watch_->set_files({file(folder / "missing" / "a")});
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("missing: No such file or directory"));
}

}  // namespace
}  // namespace weir::serve::test
