#include "engine/wavm/guest_code.h"

#include <WAVM/LLVMJIT/LLVMJIT.h>
#include <WAVM/RuntimeABI/RuntimeABI.h>
#include <WAVM/WASM/WASM.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/wavm/convert.h"
#include "engine/wavm/host_calls.h"
#include "engine/wavm/large_tables.h"

namespace weir::engine::wavm {
namespace {

namespace ir = WAVM::IR;

// Segments that a module may announce before it brings them.
constexpr size_t kMaxDataSegments = 100'000;
// Globals of the context; some carry the arguments of calls out.
constexpr size_t kMaxMutableGlobals = WAVM::Runtime::maxMutableGlobals - kMaxSlots;
// A module that imports from there has been given one more, which is not its author's. What gives
// it has the name too (module/limits_pass.h).
constexpr std::string_view kLimitModule = "weir";

// What plugins are compiled to, of what WAVM knows in the form in which it was standardised.
ir::FeatureSpec features() {
  ir::FeatureSpec spec(ir::FeatureLevel::mature);
  spec.multipleResultsAndBlockParams = true;
  spec.maxDataSegments = kMaxDataSegments;
  return spec;
}

Error refused(ErrorCode code, std::string message) { return Error{code, std::move(message)}; }

Done check_imports(const ir::Module& module, std::span<const Import> imports) {
  if (module.imports.size() != module.functions.imports.size()) {
    return refused(ErrorCode::LinkFailed, "the module imports other than functions");
  }
  if (module.functions.imports.size() != imports.size()) {
    return refused(ErrorCode::LinkFailed, "the module has other imports than were resolved");
  }
  for (size_t i = 0; i < imports.size(); ++i) {
    const auto type = to_func_type(module.types[module.functions.imports[i].type.index]);
    if (!type || !(type->view() == imports[i].signature)) {
      return refused(ErrorCode::LinkFailed, "import " + std::string(imports[i].module) + "." +
                                                std::string(imports[i].name) +
                                                " has another type than was resolved");
    }
    if (type->params.size() > kMaxSlots) {
      return refused(ErrorCode::LinkFailed, "import " + std::string(imports[i].module) + "." +
                                                std::string(imports[i].name) +
                                                " has too many parameters");
    }
  }
  return Unit{};
}

// What WAVM would take, and then not check.
Done check_bounds(const ir::Module& module, std::span<const Import> imports) {
  if (module.exceptionTypes.size() != 0) {
    return refused(ErrorCode::Unsupported, "WAVM has no exceptions: the module declares some");
  }
  const auto mutables = std::ranges::count_if(module.globals.defs,
                                              [](const auto& def) { return def.type.isMutable; });
  const auto given =
      static_cast<size_t>(std::ranges::count(imports, kLimitModule, &Import::module) != 0);
  if (static_cast<size_t>(mutables) > kMaxMutableGlobals) {
    return refused(ErrorCode::Unsupported,
                   "WAVM has room for " + std::to_string(kMaxMutableGlobals - given) +
                       " mutable globals: the module has " +
                       std::to_string(static_cast<size_t>(mutables) - given));
  }
  return Unit{};
}

// WAVM knows a function by its name: an index leads back to it, and to the name that it had.
std::vector<std::string> take_names(ir::Module& module) {
  ir::DisassemblyNames all;
  ir::getDisassemblyNames(module, all);
  std::vector<std::string> names;
  names.reserve(all.functions.size());
  for (auto& function : all.functions) {
    std::string index = std::to_string(names.size());
    names.push_back(std::exchange(function.name, std::move(index)));
    function.locals.clear();
  }
  module.customSections.clear();
  ir::setDisassemblyNames(module, all);
  return names;
}

// All but the code.
Result<GuestCode> read(Bytes wasm, std::span<const Import> imports) {
  GuestCode guest{.module = ir::Module(features()),
                  .names = {},
                  .wasm = {wasm.begin(), wasm.end()},
                  .import_module = make_import_module(imports),
                  .code = {},
                  .import_code = {}};
  lower_large_tables(guest.wasm);
  WAVM::WASM::LoadError error;
  if (!WAVM::WASM::loadBinaryModule(reinterpret_cast<const uint8_t*>(guest.wasm.data()),
                                    guest.wasm.size(), guest.module, &error)) {
    return to_error(error.message);
  }
  WEIR_TRY(check_imports(guest.module, imports));
  WEIR_TRY(check_bounds(guest.module, imports));
  guest.names = take_names(guest.module);
  return guest;
}

void drop_bodies(GuestCode& guest) {
  for (ir::Module* module : {&guest.module, &guest.import_module}) {
    for (ir::FunctionDef& function : module->functions.defs) {
      function = {
          .type = function.type, .nonParameterLocalTypes = {}, .code = {}, .branchTables = {}};
    }
  }
}

// What stands before the code, that of the imports, and the module. Read on the machine that wrote
// it, or on its like.
struct Header {
  std::array<char, 8> magic;
  uint64_t code_bytes;
  uint64_t import_code_bytes;
};
constexpr std::array<char, 8> kMagic = {'W', 'E', 'I', 'R', 'W', 'A', 'V', '1'};

Error unusable(std::string_view why) {
  return Error{ErrorCode::BadModule, "the artifact cannot be used: " + std::string(why)};
}

std::vector<uint8_t> octets(Bytes bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  return {data, data + bytes.size()};
}

}  // namespace

Result<GuestCode> compile(Bytes wasm, std::span<const Import> imports) {
  WEIR_TRY(auto guest, read(wasm, imports));
  auto target = WAVM::LLVMJIT::getHostTargetSpec();
  target.cpu = target_cpu();
  guest.code = WAVM::LLVMJIT::compileModule(guest.module, target);
  guest.import_code = WAVM::LLVMJIT::compileModule(guest.import_module, target);
  drop_bodies(guest);
  return guest;
}

Result<GuestCode> from_artifact(Bytes artifact, std::span<const Import> imports) {
  if (artifact.size() < sizeof(Header)) return unusable("it is too short");
  const auto header = load<Header>(artifact.data());
  if (header.magic != kMagic) return unusable("it is none of this engine's");
  artifact = artifact.subspan(sizeof(Header));
  if (header.code_bytes > artifact.size() ||
      header.import_code_bytes > artifact.size() - header.code_bytes) {
    return unusable("it is truncated");
  }
  const Bytes code = artifact.first(header.code_bytes);
  const Bytes import_code = artifact.subspan(header.code_bytes, header.import_code_bytes);
  WEIR_TRY(auto guest,
           read(artifact.subspan(header.code_bytes + header.import_code_bytes), imports));
  guest.code = octets(code);
  guest.import_code = octets(import_code);
  drop_bodies(guest);
  return guest;
}

std::vector<std::byte> to_artifact(const GuestCode& guest) {
  const Header header{.magic = kMagic,
                      .code_bytes = guest.code.size(),
                      .import_code_bytes = guest.import_code.size()};
  std::vector<std::byte> artifact;
  artifact.reserve(sizeof(header) + guest.code.size() + guest.import_code.size() +
                   guest.wasm.size());
  const auto append = [&](Bytes bytes) {
    artifact.insert(artifact.end(), bytes.begin(), bytes.end());
  };
  append(std::as_bytes(std::span(&header, 1)));
  append(std::as_bytes(std::span(guest.code)));
  append(std::as_bytes(std::span(guest.import_code)));
  append(guest.wasm);
  return artifact;
}

// Not the processor's own name: LLVM guesses that by its model, and knows neither later ones nor
// what a virtual machine leaves out.
const char* target_cpu() {
  __builtin_cpu_init();
  const bool haswell = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                       __builtin_cpu_supports("fma") != 0;
  if (haswell) return "haswell";
  const bool nehalem =
      __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  return nehalem ? "nehalem" : "x86-64";
}

}  // namespace weir::engine::wavm

// As an llvm::StringRef is returned.
struct HostCpuName {
  const char* data;
  size_t size;
};

// In place of LLVM's guess, for what WAVM compiles of its own accord: "generic", which LLVM guesses
// for a processor that is newer than itself, WAVM refuses. The linker puts it there (--wrap).
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" HostCpuName __wrap__ZN4llvm3sys14getHostCPUNameEv() {
  const char* name = weir::engine::wavm::target_cpu();
  return {name, std::char_traits<char>::length(name)};
}
