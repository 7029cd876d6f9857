#include "cli/engines_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <vector>

namespace weir::cli {
namespace {

using Row = std::array<std::string, 4>;

std::string names_of(const engine::Capabilities& can) {
  const std::pair<bool, std::string_view> abilities[] = {
      {can.interrupt, "interrupt"},
      {can.stack_limit, "stack_limit"},
      {can.memory_limit, "memory_limit"},
      {can.serialize, "serialize"},
      {can.backtrace, "backtrace"},
      {can.function_names, "function_names"},
      {can.simd, "simd"},
      {can.tail_calls, "tail_calls"},
      {can.exceptions, "exceptions"},
      {can.native_code, "native_code"},
  };
  std::string names;
  for (const auto& [has, name] : abilities) {
    if (!has) continue;
    if (!names.empty()) names += ' ';
    names += name;
  }
  return names.empty() ? "-" : names;
}

std::string layout(const std::vector<Row>& rows) {
  std::array<size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string engines_table(const engine::Engines& engines) {
  std::vector<Row> rows = {{"ENGINE", "VERSION", "COMPILES", "ADAPTER"}};
  std::string capabilities;
  std::string missing;
  for (const std::string_view name : engine::known_engines()) {
    const auto found = engines.find(name);
    if (!found.ok()) {
      missing += found.error().message + "\n";
      continue;
    }
    const engine::EngineInfo info = found.value()->info();
    const std::string path = engines.adapter_path(name).string();
    rows.push_back({info.name, info.version, info.compilation, path.empty() ? "built in" : path});
    capabilities += info.name + " can: " + names_of(found.value()->capabilities()) + "\n";
  }
  std::string text = layout(rows) + "\n" + capabilities;
  if (!missing.empty()) text += "\nNot there:\n" + missing;
  return text;
}

EnginesCommand::EnginesCommand(CLI::App& app) {
  app.add_subcommand("engines", "Lists the engines that plugins can run on.");
}

ExitCode EnginesCommand::run() const {
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  std::cout << engines_table(engines);
  return ExitCode::Success;
}

}  // namespace weir::cli
