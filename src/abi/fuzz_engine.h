#pragma once
// For fuzzing: an engine whose one guest is C++, with a linear memory, and imports every hostcall.

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/hostcall.h"
#include "engine/engine.h"

namespace weir::abi::fuzz {

// The bytes of a module that imports all rows of the hostcall tables, WASI's under both names, and
// exports what a plugin must and proxy_on_request_headers. Its code is never run.
class ModuleWriter {
 public:
  static std::string module_with_all_imports() {
    ModuleWriter writer;
    for (auto table :
         {log_and_time_hostcalls(), header_map_hostcalls(), buffer_hostcalls(), stream_hostcalls(),
          upstream_hostcalls(), shared_hostcalls(), metric_hostcalls(), property_hostcalls()}) {
      writer.import_all("env", table);
    }
    writer.import_all("wasi_snapshot_preview1", wasi_hostcalls());
    writer.import_all("wasi_unstable", wasi_hostcalls());
    writer.export_function("proxy_abi_version_0_2_1", {});
    writer.export_function("proxy_on_memory_allocate", {kI32s.first(1), kI32s.first(1)});
    writer.export_function("proxy_on_request_headers", {kI32s, kI32s.first(1)});
    return writer.finish();
  }

 private:
  static constexpr std::array kThreeI32{ValType::I32, ValType::I32, ValType::I32};
  static constexpr std::span<const ValType> kI32s = kThreeI32;

  static std::string number(size_t value) {
    std::string bytes;
    do {
      const auto low = static_cast<char>(value & 0x7f);
      value >>= 7;
      bytes += value != 0 ? static_cast<char>(low | 0x80) : low;
    } while (value != 0);
    return bytes;
  }
  static std::string text(std::string_view bytes) { return number(bytes.size()).append(bytes); }
  static std::string types(std::span<const ValType> of) {
    constexpr char kCodes[] = {0x7f, 0x7e, 0x7d, 0x7c};
    std::string bytes = number(of.size());
    for (ValType type : of) bytes += kCodes[static_cast<size_t>(type)];
    return bytes;
  }
  static std::string section(char id, size_t count, const std::string& items) {
    return id + text(number(count) + items);
  }

  size_t add_type(Signature signature) {
    types_ += '\x60' + types(signature.params) + types(signature.results);
    return type_count_++;
  }
  void import_all(std::string_view module, std::span<const Hostcall> table) {
    for (const Hostcall& row : table) {
      imports_ += text(module) + text(row.name) + '\0' + number(add_type(row.signature));
      ++import_count_;
    }
  }
  void export_function(std::string_view name, Signature signature) {
    functions_ += number(add_type(signature));
    exports_ += text(name) + '\0' + number(import_count_ + function_count_);
    ++function_count_;
    bodies_ += text(std::string_view("\0\0\x0b", 3));  // no locals, unreachable, end
  }
  std::string finish() {
    using namespace std::string_literals;
    return "\0asm\1\0\0\0"s + section(1, type_count_, types_) +
           section(2, import_count_, imports_) + section(3, function_count_, functions_) +
           section(5, 1, "\0\1"s) +
           section(7, function_count_ + 1, exports_ + text("memory") + "\2\0"s) +
           section(10, function_count_, bodies_);
  }

  std::string types_, imports_, functions_, exports_, bodies_;
  size_t type_count_ = 0;
  size_t import_count_ = 0;
  size_t function_count_ = 0;
};

// What the guest does; set by the fuzz target.
struct Behaviour {
  std::function<engine::Flow(class FuzzInstance&)> in_callback;
  std::function<engine::Flow(class FuzzInstance&, uint64_t size, uint64_t& address)> in_allocator;
};

class FuzzInstance final : public engine::Instance {
 public:
  static constexpr size_t kMemoryBytes = 64 * 1024;

  FuzzInstance(engine::ImportHandler& handler, std::span<const engine::Import> imports,
               const Behaviour& behaviour)
      : handler_(handler), imports_(imports), behaviour_(behaviour), memory_(kMemoryBytes) {}

  // Calls out of the guest.
  engine::Flow call_host(size_t import, engine::Slots slots) {
    const engine::Import& called = imports_[import % imports_.size()];
    const Signature type = called.signature;
    for (size_t i = 0; i < type.params.size(); ++i) {
      if (type.params[i] == ValType::I32) slots[i] &= UINT32_MAX;
    }
    const size_t used = std::max(type.params.size(), type.results.size());
    return handler_.on_import(called.token, slots.first(used), memory());
  }

  std::vector<std::byte>& bytes() { return memory_; }
  // What was memory is gone: who still points there is found out.
  void move_memory(size_t grown_by) {
    std::vector<std::byte> moved(memory_.size() + grown_by);
    std::ranges::copy(memory_, moved.begin());
    memory_.swap(moved);
  }

  engine::Flow instantiate() noexcept override { return engine::Flow::Return; }
  Result<engine::ExportId> bind_export(std::string_view name, Signature) override {
    return name == "proxy_on_memory_allocate" ? kAllocator : kCallback;
  }
  engine::Flow call(engine::ExportId id, engine::Slots slots) noexcept override {
    if (id == kAllocator) {
      return behaviour_.in_allocator(*this, slots[0], slots[0]);
    }
    return behaviour_.in_callback(*this);
  }
  engine::Trap take_trap() override { return {}; }
  engine::Memory memory() noexcept override { return engine::Memory::linear(memory_); }
  void interrupt() const noexcept override {}

 private:
  static constexpr auto kAllocator = engine::ExportId{0};
  static constexpr auto kCallback = engine::ExportId{1};

  engine::ImportHandler& handler_;
  std::span<const engine::Import> imports_;
  const Behaviour& behaviour_;
  std::vector<std::byte> memory_;
};

class FuzzEngine final : public engine::Engine {
 public:
  Behaviour behaviour;

  engine::EngineInfo info() const override { return {"fuzz", "1", "none"}; }
  // No limit is supplied to a guest that is no wasm.
  engine::Capabilities capabilities() const override {
    return {.interrupt = true, .stack_limit = true, .memory_limit = true};
  }
  std::string fingerprint() const override { return "fuzz"; }
  Result<std::unique_ptr<const engine::Module>> compile(
      Bytes, std::span<const engine::Import> imports) const override {
    return std::unique_ptr<const engine::Module>(std::make_unique<Module>(behaviour, imports));
  }
  Result<std::unique_ptr<const engine::Module>> deserialize(
      Bytes, std::span<const engine::Import>) const override {
    return Error{ErrorCode::Unsupported, "nothing is compiled"};
  }

 private:
  class Module final : public engine::Module {
   public:
    Module(const Behaviour& behaviour, std::span<const engine::Import> imports)
        : behaviour_(behaviour), imports_(imports) {}
    Result<std::unique_ptr<engine::Instance>> make_instance(engine::ImportHandler& handler,
                                                            const engine::Limits&) const override {
      return std::unique_ptr<engine::Instance>(
          std::make_unique<FuzzInstance>(handler, imports_, behaviour_));
    }
    Result<std::vector<std::byte>> serialize() const override {
      return Error{ErrorCode::Unsupported, "nothing is compiled"};
    }

   private:
    const Behaviour& behaviour_;
    std::span<const engine::Import> imports_;
  };
};

}  // namespace weir::abi::fuzz
