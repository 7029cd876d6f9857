#include "config/log_format.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

std::string error_of(std::string_view text) {
  auto pieces = parse_log_text(text);
  return pieces.ok() ? "no error" : pieces.error().message;
}

LogCommand command(LogOperator op, std::string argument = "", std::string other = "",
                   std::optional<size_t> max_length = {}) {
  return {op, std::move(argument), std::move(other), max_length};
}

TEST(LogFormatTest, PartsTextsFromOperators) {
  const LogText pieces = parse_log_text("a %RESPONSE_CODE% 100%% %PROTOCOL%\n").value();
  const LogText expected = {"a ", command(LogOperator::ResponseCode), " 100% ",
                            command(LogOperator::Protocol), "\n"};
  EXPECT_EQ(pieces, expected);
}

TEST(LogFormatTest, ReadsArgumentsAndLengths) {
  const auto only = [](std::string_view text) {
    const LogText pieces = parse_log_text(text).value();
    EXPECT_EQ(pieces.size(), 1u);
    return std::get<LogCommand>(pieces.at(0));
  };
  EXPECT_EQ(only("%REQ(X-Forwarded-Path?:PATH):9%"),
            command(LogOperator::RequestHeader, "x-forwarded-path", ":path", 9));
  EXPECT_EQ(only("%TRAILER(grpc-status)%"), command(LogOperator::Trailer, "grpc-status"));
  EXPECT_EQ(only("%START_TIME(%Y-%m)%"), command(LogOperator::StartTime, "%Y-%m"));
  EXPECT_EQ(only("%START_TIME%"), command(LogOperator::StartTime));
  EXPECT_EQ(only("%FILTER_STATE(wasm.key:PLAIN):3%"),
            command(LogOperator::FilterState, "wasm.key", "PLAIN", 3));
  EXPECT_EQ(only("%DYNAMIC_METADATA(com.test:key)%"),
            command(LogOperator::DynamicMetadata, "com.test:key"));
  EXPECT_EQ(only("%GRPC_STATUS(SNAKE_STRING)%"),
            command(LogOperator::GrpcStatus, "", "SNAKE_STRING"));
  EXPECT_EQ(only("%UPSTREAM_REMOTE_ADDRESS%"), command(LogOperator::UpstreamHost));
}

TEST(LogFormatTest, NamesWhatIsWrong) {
  EXPECT_EQ(error_of("%RESPONSE_CODES%"),
            "there is no operator '%RESPONSE_CODES%'; did you mean 'RESPONSE_CODE'?");
  EXPECT_EQ(error_of("100 % of"), "a '%' begins no operator; write '%%' for itself");
  EXPECT_EQ(error_of("%RESPONSE_CODE"), "%RESPONSE_CODE%: is not ended by '%'");
  EXPECT_EQ(error_of("%REQ%"), "%REQ%: says nothing in parentheses, as %REQ(NAME)%");
  EXPECT_EQ(error_of("%REQ()%"), "%REQ%: names no header");
  EXPECT_EQ(error_of("%REQ(a?b?c)%"), "%REQ%: names more than two headers");
  EXPECT_EQ(error_of("%REQ(a%"), "%REQ%: its '(' is not closed");
  EXPECT_EQ(error_of("%REQ(a):x%"), "%REQ%: a number has to follow ':'");
  EXPECT_EQ(error_of("%PROTOCOL:3%"), "%PROTOCOL%: takes no length");
  EXPECT_EQ(error_of("%PROTOCOL(x)%"), "%PROTOCOL%: takes nothing in parentheses");
  EXPECT_EQ(error_of("%FILTER_STATE(a:JSON)%"),
            "%FILTER_STATE%: has 'JSON'; expected PLAIN, TYPED");
}

TEST(LogFormatTest, TheDefaultIsText) {
  const LogFormat format = default_log_format();
  EXPECT_GT(std::get<LogText>(format.line).size(), 20u);
}

}  // namespace
}  // namespace weir::config
