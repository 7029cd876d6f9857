#include "planes/serve/spdlog_logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::serve {
namespace {

using ::testing::EndsWith;

TEST(SpdlogLoggerTest, WritesControlCharactersSoThatLinesCannotBeForged) {
  ::testing::internal::CaptureStderr();
  SpdlogLogger(LogLevel::Info).write(LogLevel::Warn, "one\n[error] two");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              EndsWith("[warning] one\\x0a[error] two\n"));
}

TEST(SpdlogLoggerTest, LeavesLinesBelowItsLevelOut) {
  ::testing::internal::CaptureStderr();
  SpdlogLogger logger(LogLevel::Warn);
  logger.log(LogLevel::Info, "quiet");
  logger.log(LogLevel::Error, "{} loud {}");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), EndsWith("[error] {} loud {}\n"));
}

TEST(SpdlogLoggerTest, KnowsLevelsByName) {
  EXPECT_EQ(parse_log_level("trace"), LogLevel::Trace);
  EXPECT_EQ(parse_log_level("critical"), LogLevel::Critical);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

}  // namespace
}  // namespace weir::serve
