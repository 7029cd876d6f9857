#include "base/trusted_path.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/check.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr uid_t kSomebody = 12345;

class TrustedPathTest : public ::testing::Test {
 protected:
  TrustedPathTest() {
    fs::create_directories(folder);
    std::ofstream(file) << "content";
    for (const fs::path& path : {top, top / "a", folder, file}) set_mode(path, 0700);
  }
  ~TrustedPathTest() override { fs::remove_all(top); }

  static void set_mode(const fs::path& path, mode_t mode) {
    WEIR_CHECK(chmod(path.c_str(), mode) == 0);
  }

  // Whether this test may give files away; else it is skipped, aloud.
  static bool give_away(const fs::path& path) {
    if (lchown(path.c_str(), kSomebody, kSomebody) == 0) return true;
    [] { GTEST_SKIP() << "only root can give files away"; }();
    return false;
  }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "weir-trust-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    return name;
  }

 protected:
  const fs::path top = make_folder();
  const fs::path folder = top / "a" / "b";
  const fs::path file = folder / "file";
};

TEST_F(TrustedPathTest, FindsNobodyInFoldersOfOnesOwn) {
  EXPECT_THAT(find_stranger(file), IsEmpty());
  set_mode(folder, 0755);
  set_mode(file, 0644);
  EXPECT_THAT(find_stranger(file), IsEmpty());
  EXPECT_THAT(find_stranger(folder / "not" / "yet"), IsEmpty());
}

TEST_F(TrustedPathTest, FindsWhomAModeLetsWrite) {
  set_mode(folder, 0777);
  EXPECT_EQ(find_stranger(file), folder.string() + " may be written by everyone: run `chmod go-w " +
                                     folder.string() + "`");
  EXPECT_THAT(find_stranger(folder / "not yet"), HasSubstr("everyone"));
  set_mode(folder, 0770);
  EXPECT_THAT(find_stranger(file), HasSubstr("may be written by its group"));
  EXPECT_THAT(find_stranger(file), HasSubstr("chmod g-w"));
  EXPECT_THAT(find_stranger(file, {.groups = true}), IsEmpty());
  set_mode(folder, 0700);
  set_mode(file, 0666);
  EXPECT_THAT(find_stranger(file), StartsWith(file.string() + " may be written by everyone"));
}

TEST_F(TrustedPathTest, LooksAtEachFolderOnTheWay) {
  set_mode(top / "a", 0777);
  EXPECT_THAT(find_stranger(file), StartsWith((top / "a").string() + " may be written"));
}

// In such a folder others can make files, and cannot touch those of this user.
TEST_F(TrustedPathTest, PassesAFolderWithTheStickyBitOnTheWay) {
  set_mode(top / "a", 01777);
  EXPECT_THAT(find_stranger(file), IsEmpty());
  EXPECT_THAT(find_stranger(top / "a" / "not yet"), IsEmpty());
  EXPECT_THAT(find_stranger(top / "a"), HasSubstr("everyone"));
}

TEST_F(TrustedPathTest, FindsAnotherOwner) {
  if (!give_away(folder)) return;
  EXPECT_THAT(find_stranger(file), StartsWith(folder.string() + " belongs to user 12345"));
  EXPECT_THAT(find_stranger(file, {.owner = kSomebody}), IsEmpty());
}

TEST_F(TrustedPathTest, FollowsLinks) {
  const fs::path link = top / "link";
  fs::create_directory_symlink("a/../a/b", link);
  EXPECT_THAT(find_stranger(link / "file"), IsEmpty());
  set_mode(folder, 0777);
  EXPECT_THAT(find_stranger(link / "file"), StartsWith(folder.string() + " may be written"));
  set_mode(folder, 0700);
  if (!give_away(link)) return;
  EXPECT_THAT(find_stranger(link / "file"), StartsWith(link.string() + " belongs to user"));
}

TEST_F(TrustedPathTest, EndsWithALinkToItself) {
  fs::create_symlink("loop", top / "loop");
  EXPECT_THAT(find_stranger(top / "loop"), HasSubstr("cannot be followed"));
}

TEST_F(TrustedPathTest, LooksAtAnOpenFile) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  EXPECT_THAT(find_stranger(descriptor, file), IsEmpty());
  set_mode(file, 0622);
  EXPECT_THAT(find_stranger(descriptor, file), HasSubstr("everyone"));
  close(descriptor);
}

}  // namespace
}  // namespace weir
