// The part of WASI that there is, under both of its module names.

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class WasiTest : public MachineTest {
 protected:
  // Calls the function under each name; both must answer the same.
  template <typename... Args>
  WasiTest& call(std::string_view function, const Args&... args) {
    script.on("proxy_on_request_headers")
        .call(function, args...)
        .call("wasi_unstable." + std::string(function), args...);
    return *this;
  }

  // One report for each pair of calls, without the function's name.
  std::vector<std::string> answers() {
    const auto lines = reports_of_request_headers();
    std::vector<std::string> answers;
    for (size_t i = 0; i + 1 < lines.size(); i += 2) {
      EXPECT_EQ("wasi_unstable." + lines[i], lines[i + 1]);
      answers.push_back(lines[i].substr(lines[i].find(": ") + 2));
    }
    return answers;
  }
};

TEST_P(WasiTest, WhatIsWrittenToTheOutputsIsLogged) {
  call("fd_write", 1, vectors({"one ", "", "line\n"}), 3, out_word());
  call("fd_write", 2, vectors({"error\n\n"}), 1, out_word());
  call("fd_pwrite", 1, vectors({"no newline"}), 1, 99, out_word());
  call("fd_write", 1, vectors({}), 0, out_word());
  call("fd_write", 0, vectors({"x"}), 1, out_word());
  call("fd_write", 3, vectors({"x"}), 1, out_word());
  call("fd_write", 0xffffffff, vectors({"x"}), 1, out_word());
  EXPECT_THAT(answers(), ElementsAre("0 9", "0 7", "0 10", "0 0", "8 -", "8 -", "8 -"));
  std::vector<std::string> lines;
  for (const auto& line : host.log.take()) {
    lines.push_back((line.level == LogLevel::Info ? "info " : "error ") + line.text);
  }
  EXPECT_THAT(lines,
              ElementsAre("info wasm [machine]: one line", "info wasm [machine]: one line",
                          "error wasm [machine]: error\n", "error wasm [machine]: error\n",
                          "info wasm [machine]: no newline", "info wasm [machine]: no newline"));
}

TEST_P(WasiTest, ThereIsNothingToRead) {
  call("fd_read", 0, vectors({"x"}), 1, out_word());
  call("fd_pread", 0, vectors({"x"}), 1, 0, out_word());
  EXPECT_THAT(answers(), ElementsAre("52 -", "52 -"));
}

TEST_P(WasiTest, OutputsHaveAStateAndNoOtherFileHas) {
  for (uint32_t fd : {1u, 0u}) {
    call("fd_fdstat_get", fd, out_bytes(24));
    call("fd_tell", fd, out64());
    call("fd_close", fd);
    call("fd_fdstat_set_rights", fd, 0, 0);
    call("fd_allocate", fd, 0, 0);
    call("fd_sync", fd);
    call("fd_datasync", fd);
    call("fd_filestat_set_size", fd, 0);
    call("fd_filestat_set_times", fd, 0, 0, 0);
    call("fd_renumber", fd, 2);
    call("fd_filestat_get", fd, out_bytes(64));
    call("fd_advise", fd, 0, 0, 0);
    call("fd_fdstat_set_flags", fd, 0);
  }
  // Type, flags, and the right to write (64).
  const std::string fdstat =
      "0 \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00@\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
      "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"";
  EXPECT_THAT(
      answers(),
      ElementsAre(fdstat, "0 0", "0", "0", "0", "0", "0", "0", "0", "58", "8 -", "0", "52",  //
                  "8 -", "8 -", "8", "8", "8", "8", "8", "8", "8", "8", "8 -", "0", "52"));
}

// 8 ends the search for opened folders that language runtimes make when they start.
TEST_P(WasiTest, ThereAreNoFolders) {
  call("fd_prestat_get", 3, out_bytes(8));
  call("fd_prestat_dir_name", 3, out_bytes(8), 8);
  call("fd_readdir", 3, out_bytes(8), 8, 0, out_word());
  call("path_open", 3, 0, "/etc/passwd", 0, 0, 0, 0, out32());
  call("path_filestat_get", 3, 0, "x", out_bytes(64));
  call("path_filestat_set_times", 3, 0, "x", 0, 0, 0);
  call("path_create_directory", 3, "x");
  call("path_remove_directory", 3, "x");
  call("path_unlink_file", 3, "x");
  call("path_link", 3, 0, "x", 3, "y");
  call("path_symlink", "x", 3, "y");
  call("path_readlink", 3, "x", out_bytes(8), 8, out_word());
  call("path_rename", 3, "x", 3, "y");
  EXPECT_THAT(answers(), ElementsAre("8 -", "52 -", "20 - 0", "44 -", "58 -", "58", "58", "58",
                                     "58", "58", "58", "58 - 0", "58"));
}

TEST_P(WasiTest, ThereAreNoSockets) {
  call("sock_accept", 3, 0, out32());
  call("sock_recv", 3, vectors({"x"}), 1, 0, out_word(), out32());
  call("sock_send", 3, vectors({"x"}), 1, 0, out_word());
  call("sock_shutdown", 3, 0);
  EXPECT_THAT(answers(), ElementsAre("58 -", "58 - -", "58 -", "58"));
}

TEST_P(WasiTest, TheEnvironmentIsThatOfTheConfiguration) {
  options.vm.environment = {{"KEY", "value"}, {"OTHER", ""}};
  call("environ_sizes_get", out_word(), out_word());
  call("environ_get", out_bytes(2 * sizeof(uint64_t)), out_bytes(17));
  const auto lines = answers();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "0 2 17");
  EXPECT_THAT(lines[1], ::testing::EndsWith("\"KEY=value\\x00OTHER=\\x00\""));
}

TEST_P(WasiTest, WithoutAnEnvironmentNothingIsWritten) {
  call("environ_sizes_get", out_word(), out_word());
  call("environ_get", out_bytes(8), out_bytes(8));
  call("args_sizes_get", out_word(), out_word());
  call("args_get", out_bytes(8), out_bytes(8));
  EXPECT_THAT(answers(), ElementsAre("0 0 0", "0 - -", "0 0 0", "0 - -"));
}

TEST_P(WasiTest, ThereAreTwoClocks) {
  for (uint32_t clock : {0u, 1u, 2u, 0xffffffffu}) {
    call("clock_time_get", clock, 0, out64());
    call("clock_res_get", clock, out64());
  }
  EXPECT_THAT(answers(), ElementsAre("0 1700000000000000000", "0 1", "0 1700000000000000000", "0 1",
                                     "58 -", "58 -", "58 -", "58 -"));
}

TEST_P(WasiTest, RandomBytesAreBounded) {
  script.on("proxy_on_request_headers")
      .call("random_get", out_bytes(16), 16)
      .call("random_get", out_bytes(16), 16)
      .call("random_get", out_bytes(16), 0)
      .call("random_get", out_bytes(65537), 65536)
      .call("random_get", out_bytes(16), 65537)
      .call("random_get", 0xffffffff, 0);
  const auto lines = reports_of_request_headers();
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[0], StartsWith("random_get: 0 \""));
  EXPECT_NE(lines[0], lines[1]);
  EXPECT_EQ(lines[2], "random_get: 0 -");
  EXPECT_THAT(lines[3], StartsWith("random_get: 0 \""));
  EXPECT_EQ(lines[4], "random_get: 28 -");
  EXPECT_EQ(lines[5], "random_get: 0");
}

TEST_P(WasiTest, ASchedulerFindsNothingToWaitFor) {
  call("sched_yield");
  call("poll_oneoff", vectors({"x"}), out_bytes(32), 1, out_word());
  EXPECT_THAT(answers(), ElementsAre("0", "0 - 0"));
}

TEST_P(WasiTest, SeekingIsRefused) {
  call("fd_seek", 1, -1, 0, out64());
  call("fd_seek", 5, 0, 0, out64());
  EXPECT_THAT(answers(), ElementsAre("70 -", "8 -"));
}

TEST_P(WasiTest, ProcExitEndsTheInstance) {
  script.on("proxy_on_request_headers").call("proc_exit", 3).say("not reached");
  open();
  EXPECT_EQ(request_headers(), HeadersAction::StopAllIterationAndWatermark);
  const auto lines = events();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], StartsWith("fail: plugin 'machine': proxy_on_request_headers: "));
  EXPECT_THAT(lines[1], HasSubstr("proc_exit(3)"));
  EXPECT_EQ(host.counter("wasm.machine.failed.proc_exit"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Engines, WasiTest, ::testing::ValuesIn(loadable_engines()), engine_name);

}  // namespace
}  // namespace weir::test
