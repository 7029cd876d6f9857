#include "base/file_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/check.h"
#include "base/log_fakes.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Digest key_of(std::string_view name) { return sha256({as_bytes(name)}); }

class FileCacheTest : public ::testing::Test {
 protected:
  ~FileCacheTest() override { fs::remove_all(parent_); }

  std::optional<std::string> found(std::string_view name) {
    auto content = cache.find(key_of(name));
    if (!content) return std::nullopt;
    return std::string(as_text(*content));
  }

  void store(std::string_view name, std::string_view content) {
    static_cast<void>(cache.store(key_of(name), as_bytes(content)));
  }

  std::vector<fs::path> files() const {
    if (!fs::exists(folder)) return {};
    return {fs::directory_iterator(folder), {}};
  }

  std::string only_file() const {
    std::ifstream file(files().at(0), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void age(std::chrono::hours hours) {
    for (const auto& file : files()) {
      fs::last_write_time(file, fs::last_write_time(file) - hours);
    }
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "weir-files-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    return name;
  }
  fs::path parent_ = make_folder();

 protected:
  const fs::path folder = parent_ / "not" / "yet";
  test::RecordingLogger logger;
  const FileCache cache{
      {.folder = folder, .suffix = ".kept", .name = "test cache", .max_bytes = 4096}, logger};
};

TEST_F(FileCacheTest, TellsWhyItHasNotStored) {
  std::ofstream(folder.parent_path()) << "a file where a folder would be";
  const Done stored = cache.store(key_of("a"), as_bytes("content"));
  ASSERT_FALSE(stored.ok());
  EXPECT_THAT(stored.error().message, HasSubstr(folder.parent_path().string()));
}

TEST_F(FileCacheTest, FindsWhatWasStored) {
  EXPECT_EQ(found("a"), std::nullopt);
  store("a", "content");
  EXPECT_EQ(found("a"), "content");
  EXPECT_EQ(found("b"), std::nullopt);
  EXPECT_THAT(logger.lines(), IsEmpty());
}

TEST_F(FileCacheTest, ReplacesAFile) {
  store("a", "old");
  store("a", "new");
  EXPECT_EQ(found("a"), "new");
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(FileCacheTest, ForgetsWhatIsRemoved) {
  store("a", "content");
  cache.remove(key_of("a"));
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(FileCacheTest, RemovesAndLogsADamagedFile) {
  store("a", "content");
  const fs::path path = files().at(0);
  const std::string good = only_file();
  for (size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] ^= 1;
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_EQ(found("a"), std::nullopt) << "byte " << at;
    EXPECT_THAT(files(), IsEmpty());
  }
  EXPECT_EQ(logger.lines().size(), good.size());
  EXPECT_THAT(logger.lines()[0], HasSubstr("test cache: removed damaged"));
}

TEST_F(FileCacheTest, RemovesATruncatedFile) {
  store("a", "content");
  const fs::path path = files().at(0);
  const std::string good = only_file();
  for (size_t size = 0; size < good.size(); ++size) {
    std::ofstream(path, std::ios::binary) << good.substr(0, size);
    EXPECT_EQ(found("a"), std::nullopt) << size;
    EXPECT_THAT(files(), IsEmpty());
  }
}

TEST_F(FileCacheTest, DropsTheLeastRecentlyUsed) {
  const std::string content(1200, 'x');
  for (const char* name : {"a", "b", "c"}) {
    store(name, content);
    age(std::chrono::hours(1));
  }
  EXPECT_NE(found("a"), std::nullopt);  // used just now, so that b is the oldest
  store("d", content);
  EXPECT_NE(found("a"), std::nullopt);
  EXPECT_EQ(found("b"), std::nullopt);
  EXPECT_NE(found("c"), std::nullopt);
  EXPECT_NE(found("d"), std::nullopt);
}

TEST_F(FileCacheTest, LeavesFilesOfOthersAlone) {
  store("a", "content");
  std::ofstream(folder / "other.file") << std::string(5000, 'x');
  age(std::chrono::hours(1));
  store("b", std::string(4000, 'x'));
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_TRUE(fs::exists(folder / "other.file"));
}

TEST_F(FileCacheTest, CountsItsFiles) {
  EXPECT_EQ(cache.count(), 0u);
  store("a", "1");
  store("b", "2");
  std::ofstream(folder / "other.txt") << "not ours";
  std::ofstream(folder / ("unfinished-abcdef" + files()[0].extension().string())) << "of another";
  EXPECT_EQ(cache.count(), 2u);
}

TEST_F(FileCacheTest, RefusesWhatExceedsItWhole) {
  store("small", "content");
  store("large", std::string(5000, 'x'));
  EXPECT_EQ(found("large"), std::nullopt);
  EXPECT_EQ(found("small"), "content");
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("5000 bytes")));
}

TEST_F(FileCacheTest, LogsWhereItCannotWrite) {
  fs::create_directories(folder.parent_path());
  std::ofstream(folder) << "a file, not a folder";
  store("a", "content");
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr(folder.string())));
}

// Its checksum can be computed by anyone: it was once all that stood between a planted file and an
// engine that runs it.
TEST_F(FileCacheTest, TakesNothingFromAFolderThatOthersMayWriteTo) {
  store("a", "content");
  for (const mode_t mode : {0777U, 0770U, 01777U}) {
    ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
    EXPECT_EQ(found("a"), std::nullopt) << std::oct << mode;
    store("b", "content");
    EXPECT_EQ(files().size(), 1u);
  }
  EXPECT_THAT(logger.lines(), ElementsAre(AllOf(HasSubstr("test cache: nothing is kept or taken"),
                                                HasSubstr("chmod go-w " + folder.string()))));
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  EXPECT_EQ(found("a"), "content");
}

TEST_F(FileCacheTest, RemovesAFileThatOthersMayWriteTo) {
  for (const mode_t mode : {0606U, 0660U}) {
    store("a", "content");
    ASSERT_EQ(::chmod(files().at(0).c_str(), mode), 0);
    EXPECT_EQ(found("a"), std::nullopt) << std::oct << mode;
    EXPECT_THAT(files(), IsEmpty());
  }
  EXPECT_EQ(logger.lines().size(), 2u);
  EXPECT_THAT(logger.lines()[0], HasSubstr("removed a file that somebody else could have written"));
}

TEST_F(FileCacheTest, RemovesAFileOfAnotherUser) {
  store("a", "content");
  if (::chown(files().at(0).c_str(), 12345, 12345) != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("belongs to user 12345")));
}

TEST_F(FileCacheTest, IsNotHeldUpByAPipe) {
  store("a", "content");
  const fs::path path = files().at(0);
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(found("a"), std::nullopt);
}

// It was "removed" each time, and still there.
TEST_F(FileCacheTest, TellsOnceOfAFolderInItsWay) {
  store("a", "content");
  const fs::path path = files().at(0);
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_EQ(found("a"), std::nullopt);
  EXPECT_THAT(logger.lines(), IsEmpty());
  store("a", "content");
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("cannot write " + path.string())));
}

TEST_F(FileCacheTest, MakesItsFolderForItsUserAlone) {
  const mode_t before = ::umask(0);
  store("a", "content");
  ::umask(before);
  EXPECT_EQ(found("a"), "content");
  for (const fs::path& made : {folder, folder.parent_path()}) {
    EXPECT_EQ(fs::status(made).permissions(), fs::perms::owner_all) << made;
  }
  EXPECT_THAT(logger.lines(), IsEmpty());
}

TEST_F(FileCacheTest, IsSharedByThreads) {
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) {
      const std::string name = std::to_string(i % 5);
      store(name, std::string(900, name[0]));
      if (auto content = found(name)) {
        EXPECT_EQ(content, std::string(900, name[0]));
      }
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  EXPECT_THAT(logger.lines(), IsEmpty());
}

// Writers are killed at any point of their work. A reader then finds files whole, or none, and
// what the writers left behind goes once it has become old.
TEST_F(FileCacheTest, OutlivesWritersThatAreKilled) {
  const auto write_forever = [&](int ready) {
    for (char fill = 'a';; fill = fill == 'z' ? 'a' : static_cast<char>(fill + 1)) {
      for (const char* name : {"0", "1", "2"}) store(name, std::string(1000, fill));
      if (::write(ready, "x", 1) != 1) _exit(1);
    }
  };
  for (int round = 0; round < 30; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) write_forever(ends[1]);
    char ready = 0;
    ASSERT_EQ(::read(ends[0], &ready, 1), 1);
    ::usleep(static_cast<useconds_t>(round * 37));  // into the middle of something
    ::kill(writer, SIGKILL);
    ASSERT_EQ(::waitpid(writer, nullptr, 0), writer);
    ::close(ends[0]);
    ::close(ends[1]);

    for (const char* name : {"0", "1", "2"}) {
      const auto content = found(name);
      ASSERT_TRUE(content.has_value());
      EXPECT_EQ(*content, std::string(1000, content->front()));
    }
  }
  EXPECT_THAT(logger.lines(), IsEmpty());

  age(std::chrono::hours(1));
  store("3", std::string(4000, 'x'));
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace weir
