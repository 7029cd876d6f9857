#include "abi/call_text.h"

#include <gtest/gtest.h>

#include <array>

#include "abi/hostcall.h"

namespace weir::abi {
namespace {

class CallTextTest : public ::testing::Test {
 protected:
  // A text in the guest's memory: address and length.
  std::pair<uint64_t, uint64_t> put(std::string_view text) {
    std::memcpy(bytes_.data() + next_, text.data(), text.size());
    next_ += text.size();
    return {next_ - text.size(), text.size()};
  }
  static engine::Import import(const Hostcall& row) { return {"env", row.name, row.signature, 0}; }
  static const Hostcall& row(std::span<const Hostcall> rows, std::string_view name) {
    return *std::ranges::find(rows, name, &Hostcall::name);
  }
  engine::Memory memory() { return engine::Memory::linear(bytes_); }

  std::array<std::byte, 256> bytes_{};
  size_t next_ = 16;
};

TEST_F(CallTextTest, ArgumentsAreNamesAndTexts) {
  const auto [name, name_size] = put("x-user");
  const auto [value, value_size] = put("a\"\n\x01");
  std::array<uint64_t, 5> slots{0, name, name_size, value, value_size};
  const Hostcall& add = row(header_map_hostcalls(), "proxy_add_header_map_value");
  EXPECT_EQ(hostcall_text(import(add), slots, memory()),
            "proxy_add_header_map_value(RequestHeaders, \"x-user\", \"a\\\"\\n\\x01\")");
}

TEST_F(CallTextTest, AnswersAreAStatusAndWhatTheHostHasWritten) {
  const auto [name, name_size] = put("x-user");
  const auto [value, value_size] = put("ann");
  store(bytes_.data(), static_cast<uint32_t>(value));
  store(bytes_.data() + 4, static_cast<uint32_t>(value_size));
  std::array<uint64_t, 5> slots{2, name, name_size, 0, 4};
  const Hostcall& get = row(header_map_hostcalls(), "proxy_get_header_map_value");
  EXPECT_EQ(hostcall_text(import(get), slots, memory()),
            "proxy_get_header_map_value(ResponseHeaders, \"x-user\")");
  std::array<uint64_t, 1> ok{0};
  EXPECT_EQ(answer_text(import(get), slots, ok, memory()), "Ok, \"ann\"");
  std::array<uint64_t, 1> absent{1};
  EXPECT_EQ(answer_text(import(get), slots, absent, memory()), "NotFound");
}

TEST_F(CallTextTest, WhatLiesOutsideTheMemoryIsToldAsSuch) {
  std::array<uint64_t, 3> slots{2, 250, 10};
  const Hostcall& log = row(log_and_time_hostcalls(), "proxy_log");
  EXPECT_EQ(hostcall_text(import(log), slots, memory()),
            "proxy_log(info, (10 bytes at 250, outside the memory))");
}

TEST_F(CallTextTest, WhatIsPrintedIsAText) {
  const auto put_pair = [&](size_t at, std::pair<uint64_t, uint64_t> text) {
    store(bytes_.data() + at, static_cast<uint32_t>(text.first));
    store(bytes_.data() + at + 4, static_cast<uint32_t>(text.second));
  };
  const auto half = put(std::string(120, 'x'));
  put_pair(192, put("seen "));
  put_pair(200, put("ann\n"));
  put_pair(208, half);
  put_pair(216, half);
  put_pair(224, {250, 10});
  const Hostcall& write = row(wasi_hostcalls(), "fd_write");
  const engine::Import print{"wasi_snapshot_preview1", write.name, write.signature, 0};
  const auto told = [&](uint64_t pairs, uint64_t count) {
    std::array<uint64_t, 4> slots{2, pairs, count, 0};
    return hostcall_text(print, slots, memory());
  };
  EXPECT_EQ(told(192, 2), "fd_write(2, \"seen ann\\n\")");
  EXPECT_EQ(told(208, 2), "fd_write(2, \"" + std::string(200, 'x') + "\"... (240 bytes))");
  EXPECT_EQ(told(224, 1), "fd_write(2, (10 bytes at 250, outside the memory))");
  EXPECT_EQ(told(192, 0), "fd_write(2, \"\")");
  std::array<uint64_t, 1> ok{0};
  std::array<uint64_t, 4> slots{2, 192, 2, 8};
  store(bytes_.data() + 8, uint32_t{9});
  EXPECT_EQ(answer_text(print, slots, ok, memory()), "0, 9");
}

TEST_F(CallTextTest, LongTextsAreShortened) {
  EXPECT_EQ(quoted_bytes(as_bytes(std::string(300, 'x')), 3), "\"xxx\"... (300 bytes)");
}

TEST_F(CallTextTest, CallbacksNameTheirParametersAndActions) {
  static constexpr std::array kThree{ValType::I32, ValType::I32, ValType::I32};
  static constexpr std::array kOne{ValType::I32};
  std::array<uint64_t, 3> slots{2, 5, 1};
  EXPECT_EQ(callback_text("proxy_on_request_headers", {kThree, kOne}, slots),
            "proxy_on_request_headers(context 2, headers 5, end_of_stream 1)");
  std::array<uint64_t, 1> stop{1};
  EXPECT_EQ(callback_answer_text("proxy_on_request_headers", {kThree, kOne}, stop),
            "StopIteration");
  EXPECT_TRUE(is_callback("proxy_on_tick"));
  EXPECT_FALSE(is_callback("malloc"));
}

}  // namespace
}  // namespace weir::abi
