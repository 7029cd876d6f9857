#include "base/own_file.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(OwnFileTest, IsTheProgram) {
  EXPECT_EQ(own_file(), std::filesystem::read_symlink("/proc/self/exe"));
}

}  // namespace
}  // namespace weir
