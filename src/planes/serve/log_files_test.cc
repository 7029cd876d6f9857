#include "planes/serve/log_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "base/log_fakes.h"
#include "planes/common/temporary_folder.h"

namespace weir::serve {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class LogFilesTest : public ::testing::Test {
 protected:
  std::shared_ptr<LogSink> open(const std::string& path) {
    auto sink = files->open({.path = path}, folder / "");
    EXPECT_TRUE(sink.ok());
    return std::move(sink).value();
  }
  // What has been handed over is written when this returns.
  void finish() { files.reset(); }

  planes::test::TemporaryFolder folder;
  weir::test::RecordingLogger logger;
  std::unique_ptr<LogFiles> files = std::make_unique<LogFiles>(logger);
};

TEST_F(LogFilesTest, WritesInOrderAndAppends) {
  std::ofstream(folder / "a") << "old\n";
  auto sink = open("a");
  files->write(sink, "one\n");
  files->write(sink, "two\n");
  finish();
  EXPECT_EQ(read(folder / "a"), "old\none\ntwo\n");
}

TEST_F(LogFilesTest, OnePathIsOneFile) {
  EXPECT_EQ(open("a"), open("./a"));
  EXPECT_NE(open("a"), open("b"));
}

TEST_F(LogFilesTest, AFileThatWasMovedAwayIsMadeAnew) {
  auto sink = open("a");
  files->write(sink, "one\n");
  files->reopen();
  finish();
  EXPECT_EQ(read(folder / "a"), "one\n");

  files = std::make_unique<LogFiles>(logger);
  sink = open("a");
  std::filesystem::rename(folder / "a", folder / "old");
  files->write(sink, "two\n");
  files->reopen();
  files->write(sink, "three\n");
  finish();
  EXPECT_EQ(read(folder / "old"), "one\ntwo\n");
  EXPECT_EQ(read(folder / "a"), "three\n");
}

TEST_F(LogFilesTest, SaysWhichFileCannotBeOpened) {
  auto sink = files->open({.path = "no/such/a"}, folder / "");
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(sink.error().message.find("no/such/a: cannot be opened: No such file"),
            std::string::npos);
}

TEST_F(LogFilesTest, APipeThatNobodyReadsIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), S_IRUSR | S_IWUSR), 0);
  auto sink = files->open({.path = "pipe"}, folder / "");
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(sink.error().message.find("a pipe that nobody reads"), std::string::npos);
}

// `weir check` said of no access log that it could not be opened.
TEST_F(LogFilesTest, TellsWithoutOpeningWhatCouldNotBeOpened) {
  const auto check = [&](const std::string& path) {
    const Done done = check_log_file({.path = path}, folder / "");
    return done.ok() ? "" : done.error().message;
  };
  EXPECT_EQ(check("a"), "");
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  std::ofstream(folder / "a") << "old\n";
  EXPECT_EQ(check("a"), "");
  EXPECT_EQ(read(folder / "a"), "old\n");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), S_IRUSR | S_IWUSR), 0);
  EXPECT_EQ(check("pipe"), "");

  const std::string log = "access log " + (folder / "").string();
  EXPECT_EQ(check("no/such/a"),
            log + "no/such/a: cannot be opened: No such file or directory; make its folder");
  EXPECT_EQ(check("a/b"), log + "a/b: cannot be opened: Not a directory; make its folder");
  std::filesystem::create_directory(folder / "logs");
  EXPECT_EQ(check("logs"), log + "logs: cannot be opened: Is a directory; name a file");
  // What opens them says the same.
  for (const char* path : {"no/such/a", "a/b", "logs"}) {
    auto opened = files->open({.path = path}, folder / "");
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().message, check(path));
  }
  if (::geteuid() == 0) return;  // root may write everywhere
  std::filesystem::permissions(folder / "logs", std::filesystem::perms::owner_read);
  EXPECT_EQ(check("logs/a"), log +
                                 "logs/a: cannot be opened: Permission denied; let it be where "
                                 "weir's user may write");
}

TEST_F(LogFilesTest, ManyThreadsHandOverWholeLines) {
  auto sink = open("a");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) files->write(sink, "a whole line\n");
      });
    }
  }
  finish();
  std::ifstream file(folder / "a");
  size_t lines = 0;
  for (std::string text; std::getline(file, text); ++lines) EXPECT_EQ(text, "a whole line");
  EXPECT_EQ(lines, 400u);
}

}  // namespace
}  // namespace weir::serve
