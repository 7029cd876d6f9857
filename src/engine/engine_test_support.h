#pragma once
// What the tests of engines share: the engines, running guests, a host that answers them.

#include <gtest/gtest.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/engines.h"
#include "engine/own_c_library.h"
#include "engine/testdata/guests.h"

namespace weir::engine {

inline constexpr uint64_t kPage = 65536;

inline uint64_t slot(double value) { return std::bit_cast<uint64_t>(value); }
inline uint64_t slot(float value) { return std::bit_cast<uint32_t>(value); }
inline double as_f64(uint64_t value) { return std::bit_cast<double>(value); }

// The engines of this process.
inline const Engines& engines() {
  static const Engines all(Engines::default_search_path(), EngineOptions{});
  return all;
}

inline const Engine& engine_named(std::string_view name) {
  auto found = engines().find(name);
  if (!found.ok()) std::cerr << found.error().message << '\n';
  WEIR_CHECK(found.ok());
  return *found.value();
}

// The engines that run wasm and whose adapters have been built; the others are named aloud. The
// default one must be there.
inline const std::vector<std::string>& built_engines() {
  static const std::vector<std::string> built = [] {
    const auto folders = Engines::default_search_path();
    std::vector<std::string> names;
    for (std::string_view name : known_engines()) {
      if (name == "null") continue;
      const std::string file = "weir-engine-" + std::string(name) + ".so";
      const bool found = std::ranges::any_of(
          folders, [&](const auto& folder) { return std::filesystem::exists(folder / file); });
      if (const auto loader = engines().needed_loader(name); !loader.empty()) {
        std::cerr << "not tested in a process that " << loader << " has not started: " << name
                  << '\n';
      } else if (found || name == "wasmtime") {
        names.emplace_back(name);
      } else {
        std::cerr << "not tested, since " << file << " is not built: " << name << '\n';
      }
    }
    return names;
  }();
  return built;
}

// Puts the C library that this process runs on into the folder, its loader as ld.so, as engines
// bring one.
inline void put_c_library(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const auto put = [](dl_phdr_info* object, size_t, void* to) {
    const fs::path file = object->dlpi_name;
    const fs::path& place = *static_cast<const fs::path*>(to);
    if (file.filename().string().starts_with("ld")) fs::copy_file(file, place / "ld.so");
    if (file.filename() != "libc.so.6") return 0;
    for (const char* part : kCLibraryParts) {
      fs::create_symlink(fs::absolute(file.parent_path()) / part, place / part);
    }
    return 0;
  };
  fs::create_directories(folder);
  dl_iterate_phdr(put, const_cast<fs::path*>(&folder));
}

// Answers every call out of a guest as the test says; else changes nothing.
class FakeHost final : public ImportHandler {
 public:
  using Answer = std::function<Flow(Slots, Memory)>;

  void answer(uint32_t token, Answer answer) { answers_[token] = std::move(answer); }

  Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept override {
    const auto found = answers_.find(token);
    return found == answers_.end() ? Flow::Return : found->second(slots, memory);
  }

 private:
  std::map<uint32_t, Answer> answers_;
};

// One instance, and calls by name.
class Guest {
 public:
  Guest(const Module& module, FakeHost& host, const Limits& limits = {}) {
    auto made = module.make_instance(host, limits);
    WEIR_CHECK(made.ok());
    instance_ = std::move(made).value();
  }

  Instance& instance() { return *instance_; }

  struct Outcome {
    Flow flow;
    std::array<uint64_t, kMaxSlots> slots;
    uint64_t value() const { return slots[0]; }
    bool trapped() const { return flow == Flow::Trap; }
  };

  Outcome call(std::string_view name, FuncType type, std::initializer_list<uint64_t> args = {}) {
    auto id = instance_->bind_export(name, type.view());
    EXPECT_TRUE(id.ok()) << name;
    Outcome outcome{Flow::Trap, {}};
    std::ranges::copy(args, outcome.slots.begin());
    if (id.ok()) outcome.flow = instance_->call(id.value(), outcome.slots);
    return outcome;
  }

  // The trap that ends a call; one that returns instead fails the test.
  Trap trap_of(std::string_view name, FuncType type, std::initializer_list<uint64_t> args = {}) {
    EXPECT_TRUE(call(name, type, args).trapped()) << name;
    return instance_->take_trap();
  }

 private:
  std::unique_ptr<Instance> instance_;
};

// guest.wat on the engine that the test's parameter names.
class EngineTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<const Module> compile(std::string_view name, std::span<const Import> imports) {
    auto module = engine.compile(read_guest(name), imports);
    EXPECT_TRUE(module.ok()) << (module.ok() ? "" : module.error().message);
    return module.ok() ? std::move(module).value() : nullptr;
  }

  std::unique_ptr<Guest> start(const Limits& limits = {}) {
    auto guest = std::make_unique<Guest>(*guest_module(), host, limits);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return);
    return guest;
  }

  // Skips the test, aloud, where the engine says that it cannot do `what`: the test returns then.
  bool lacks(bool able, std::string_view what) {
    if (!able) [&] { GTEST_SKIP() << GetParam() << " has no " << what; }();
    return !able;
  }

  const Module* guest_module() {
    if (!module_) module_ = compile("guest", guest_imports().view());
    return module_.get();
  }

  const Engine& engine = engine_named(GetParam());
  const Capabilities can = engine.capabilities();
  const std::unique_ptr<ThreadAttachment> attachment = engine.attach_thread();
  FakeHost host;

 private:
  std::unique_ptr<const Module> module_;
};

inline std::string engine_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

}  // namespace weir::engine
