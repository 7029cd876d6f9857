#include "cli/compile_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "abi/precompiled.h"
#include "base/output_file.h"
#include "base/printable.h"
#include "base/wasm_page.h"
#include "config/plugin_config.h"
#include "engine/engines.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAll = "all";

// Adds compiled code to `file`, engine by engine, and tells of each.
class Compiler {
 public:
  // `out` outlives it.
  Compiler(std::string file, const engine::Limits& limits, std::ostream& out)
      : file_(std::move(file)), limits_(limits), out_(out) {}

  const std::string& file() const { return file_; }

  Done add(const std::string& name) {
    auto engine = engines_.find(name);
    if (!engine.ok()) return std::move(engine).error();
    const engine::EngineInfo info = engine.value()->info();
    auto made = abi::add_precompiled(*engine.value(), file_, limits_);
    if (!made.ok()) return std::move(made).error().in("engine '" + info.name + "'");
    file_.assign(as_text(made.value().bytes));
    if (made.value().dropped != 0) {
      out_ << made.value().dropped
           << " section(s) of precompiled code dropped: damaged, or of another module\n";
    }
    out_ << info.name << " " << info.version << ": " << made.value().artifact_bytes << " bytes\n";
    return Unit{};
  }

  // For every engine that is there and can keep code; tells of the others.
  void add_all() {
    for (const std::string_view name : engine::known_engines()) {
      if (name == "null") continue;
      if (const Done added = add(std::string(name)); !added.ok()) {
        out_ << "left out: " << printable(added.error().message) << "\n";
      } else {
        ++added_;
      }
    }
  }

  uint32_t added() const { return added_; }

 private:
  const engine::Engines engines_{engine::Engines::default_search_path(), {}};
  std::string file_;
  const engine::Limits limits_;
  std::ostream& out_;
  uint32_t added_ = 0;
};

ExitCode fail(const Error& error) {
  std::cerr << "weir compile: " << printable(error.message) << "\n";
  return ExitCode::Failure;
}

}  // namespace

CompileCommand::CompileCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "compile", "Adds compiled code to a plugin, for VMs with allow_precompiled.");
  command_ = command;
  command->add_option("plugin", file_, "A .wasm file")->type_name("PLUGIN")->required();
  command
      ->add_option("--engine", engines_,
                   "An engine to compile for; may be said again. all: every one that keeps "
                   "compiled code. The default engine unless given")
      ->type_name("NAME");
  command->add_option("-o,--output", output_, "What to write; PLUGIN.compiled.wasm unless given")
      ->type_name("FILE");
  command
      ->add_option("--max-memory-bytes", max_memory_bytes_,
                   "The limit of the VMs that are to run it: some engines' code depends on it")
      ->type_name("BYTES")
      ->check(CLI::Range(kWasmPageBytes, uint64_t{1} << 32))
      ->capture_default_str();
}

bool CompileCommand::was_asked_for() const { return command_->parsed(); }

std::string CompileCommand::output() const {
  if (!output_.empty()) return output_;
  return fs::path(file_).replace_extension(".compiled.wasm").string();
}

ExitCode CompileCommand::run(const StartAgain& start_again) const {
  const bool for_all = std::ranges::find(engines_, kAll) != engines_.end();
  const std::vector<std::string_view> asked_for(engines_.begin(), engines_.end());
  start_again_for(for_all ? engine::known_engines() : std::span(asked_for),
                  engine::Engines(engine::Engines::default_search_path(), {}), "weir compile",
                  start_again);

  auto code = config::read_code(config::LocalFile{file_}, {});
  if (!code.ok()) return fail(code.error());

  // The file is alone where it is written to standard output.
  std::ostream& out = is_standard_output(output()) ? std::cerr : std::cout;
  Compiler compiler(std::move(code).value(), {.max_memory_bytes = max_memory_bytes_}, out);
  if (for_all) {
    compiler.add_all();
    if (compiler.added() == 0) {
      return fail({ErrorCode::Unsupported, "no engine has compiled " + file_});
    }
  } else {
    for (const std::string& name : engines_.empty() ? std::vector<std::string>{""} : engines_) {
      if (Done added = compiler.add(name); !added.ok()) {
        return fail(std::move(added).error().in(file_));
      }
    }
  }
  if (Done written = write_output_file(output(), compiler.file()); !written.ok()) {
    return fail(std::move(written).error().in(output()));
  }
  out << "written: " << printable(output()) << "\n";
  return ExitCode::Success;
}

}  // namespace weir::cli
