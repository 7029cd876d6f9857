// Modules that wasm-smith has made up (generator/) do the same on every engine: each value, trap,
// global and byte of memory. They end by themselves, so nothing here is a matter of time.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>
#include <vector>

#include "generated/bulk_memory.h"
#include "generated/module_run.h"
#include "support/test_host.h"

namespace weir::test {
namespace {

namespace fs = std::filesystem;

// A sanitizer makes compilers slow, and so does a process for each module.
constexpr size_t kFewModules = 15;
constexpr size_t kByProcesses = 40;

// What Wasmtime has all of. It has not the older form of exceptions.
constexpr std::array<std::string_view, 5> kSets = {"common", "more", "tail_calls", "exceptions",
                                                   "plain_exceptions"};

// None is a failure: a folder that is there is to hold them.
std::vector<fs::path> modules_of(std::string_view set) {
  std::vector<fs::path> files;
  std::error_code absent;
  const fs::path folder = fs::path(WEIR_GENERATED_MODULES) / set;
  for (const auto& entry : fs::directory_iterator(folder, absent)) files.push_back(entry.path());
  EXPECT_FALSE(files.empty()) << folder << " holds no modules: remove " << WEIR_GENERATED_MODULES
                              << " and run scripts/setup/generated_modules.sh";
  std::ranges::sort(files);
  return files;
}

uint64_t seed_of(const fs::path& file) { return std::stoull(file.stem().string()) + 1; }

// What Wasmtime makes of it.
const std::string& reference_of(const fs::path& file) {
  static std::map<fs::path, std::string> known;
  auto& text = known[file];
  if (text.empty()) {
    text = run_module(*engines().find("wasmtime").value(), abi::SupplyLimits::Missing,
                      read_module(file.string()), seed_of(file));
  }
  return text;
}

// Skips where the modules have not been made.
void need_modules() {
  if (!fs::exists(WEIR_GENERATED_MODULES)) {
    GTEST_SKIP() << WEIR_GENERATED_MODULES << " is missing: run scripts/setup/generated_modules.sh";
  }
}

class GeneratedTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { need_modules(); }

  // The modules of a set, each the same as what Wasmtime makes of the one with its number in
  // another.
  void expect_the_same(std::string_view set) { expect_the_same(set, set); }
  void expect_the_same(std::string_view set, std::string_view as_in) {
    auto files = modules_of(set);
    const size_t there = files.size();
    if (WEIR_SANITIZED) {
      files.resize(std::min(there, kFewModules));
    } else if (adapter_of(GetParam()) == "wasmedge-aot") {
      files.resize(std::min(there, kByProcesses));
    }
    if (files.size() < there) {
      std::cerr << GetParam() << ": " << files.size() << " of " << there << " modules are run\n";
    }
    const engine::Engine& engine = *engines().find(adapter_of(GetParam())).value();
    size_t left_out = 0;
    for (const fs::path& file : files) {
      const std::string module = read_module(file.string());
      const std::string text =
          run_module(engine, supplied_limits(GetParam()), module, seed_of(file));
      const std::string& reference =
          reference_of(fs::path(WEIR_GENERATED_MODULES) / as_in / file.filename());
      if (text == reference) continue;
      EXPECT_TRUE(may_differ(module, text)) << file << ": " << text << "\n"
                                            << "and not: " << reference;
      ++left_out;
    }
    if (left_out > 0) {
      std::cerr << GetParam() << ": " << left_out << " of " << files.size()
                << " left out, for an earlier draft of bulk memory\n";
    }
    // The modules are the same everywhere. Of the first few, more are of that kind.
    EXPECT_LE(left_out, WEIR_SANITIZED ? kFewModules / 2 : files.size() / 3);
  }

  // WAVM knows an earlier draft of bulk memory: segments of tables are written otherwise, for which
  // it names reference types, and one that is dropped twice, or used after, traps. No other engine
  // is excused, nor any other module.
  bool may_differ(std::string_view module, const std::string& text) const {
    if (adapter_of(GetParam()) != "wavm") return false;
    if (text.starts_with("refused: WAVM has no reference types: ")) return true;
    return text.find("wavm.invalidArgument") != text.npos &&
           copies_or_drops_segments(as_bytes(module));
  }
};

TEST_P(GeneratedTest, WhatEveryEngineHasDoesTheSame) { expect_the_same("common"); }

TEST_P(GeneratedTest, WhatMostEnginesHaveDoesTheSame) {
  const engine::Capabilities can = capabilities_of(GetParam());
  if (!can.simd || !can.reference_types) {
    GTEST_SKIP() << GetParam() << " has not both SIMD and reference types";
  }
  expect_the_same("more");
}

TEST_P(GeneratedTest, TailCallsDoTheSame) {
  const engine::Capabilities can = capabilities_of(GetParam());
  if (!can.tail_calls) GTEST_SKIP() << GetParam() << " has no tail calls";
  expect_the_same("tail_calls");
}

TEST_P(GeneratedTest, ExceptionsDoTheSame) {
  const engine::Capabilities can = capabilities_of(GetParam());
  if (!can.exceptions) GTEST_SKIP() << GetParam() << " has no exceptions";
  expect_the_same("exceptions");
  expect_the_same("plain_exceptions");
}

TEST_P(GeneratedTest, ExceptionsInTheirOlderFormDoTheSame) {
  const engine::Capabilities can = capabilities_of(GetParam());
  if (!can.legacy_exceptions) {
    GTEST_SKIP() << GetParam() << " has no exceptions in their older form";
  }
  expect_the_same("older_exceptions", "plain_exceptions");
}

std::vector<std::string> other_engines() {
  auto names = loadable_engines();
  std::erase(names, "null");
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '-' || c == '+'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Engines, GeneratedTest, ::testing::ValuesIn(other_engines()), test_name);

// The modules are worth running: they come to results, trap in several ways, and grow memories.
class GeneratedModulesTest : public ::testing::Test {
 protected:
  void SetUp() override { need_modules(); }
};

TEST_F(GeneratedModulesTest, DoManyThings) {
  std::map<std::string, size_t> seen;
  for (const std::string_view set : kSets) {
    for (const fs::path& file : modules_of(set)) {
      const std::string& text = reference_of(file);
      EXPECT_FALSE(text.starts_with("refused")) << file << ": " << text;
      for (const std::string_view word :
           {"globals", "trap unreachable", "trap memory", "trap arithmetic", "trap table",
            "trap other: exception"}) {
        for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
          ++seen[std::string(word)];
        }
      }
    }
  }
  for (const auto& [word, count] : seen) RecordProperty(word, std::to_string(count));
  EXPECT_GT(seen["globals"], 500u);
  EXPECT_GT(seen["trap unreachable"], 100u);
  EXPECT_GT(seen["trap memory"], 20u);
  EXPECT_GT(seen["trap arithmetic"], 2u);
  EXPECT_GT(seen["trap table"], 2u);
  EXPECT_GT(seen["trap other: exception"], 20u);
}

}  // namespace
}  // namespace weir::test
