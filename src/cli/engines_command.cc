#include "cli/engines_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "abi/engine_features.h"

namespace weir::cli {
namespace {

// How an engine comes by an ability.
enum class Source : uint8_t {
  Missing,
  Native,
  Supplied,  // by Weir, which rewrites the module (abi::LinkedModule)
};

struct Ability {
  std::string_view name;
  Source source;
};

std::vector<Ability> abilities_of(const engine::Capabilities& can) {
  const auto native = [](bool has) { return has ? Source::Native : Source::Missing; };
  // Native plugins are trusted, and there is no module to rewrite.
  const auto limit = [&](bool has) {
    return has || can.native_code ? native(has) : Source::Supplied;
  };
  return {{"interrupt", limit(can.interrupt)},       {"stack_limit", limit(can.stack_limit)},
          {"memory_limit", limit(can.memory_limit)}, {"serialize", native(can.serialize)},
          {"backtrace", native(can.backtrace)},      {"function_names", native(can.function_names)},
          {"native_code", native(can.native_code)}};
}

// One known engine: what there is to say of it, or why it is not there.
struct Report {
  std::string name;
  engine::EngineInfo info;
  std::string adapter;
  std::vector<Ability> abilities;
  std::vector<std::string_view> features;  // extensions of WebAssembly
  std::string error;
};

std::vector<Report> reports_of(const engine::Engines& engines) {
  std::vector<Report> reports;
  for (const std::string_view name : engine::known_engines()) {
    Report& report = reports.emplace_back();
    report.name = name;
    const auto found = engines.find(name);
    if (!found.ok()) {
      report.error = found.error().message;
      continue;
    }
    const std::string path = engines.adapter_path(name).string();
    report.info = found.value()->info();
    report.adapter = path.empty() ? "built in" : path;
    report.abilities = abilities_of(found.value()->capabilities());
    report.features = names_of(abi::features_of(*found.value()));
  }
  return reports;
}

using Row = std::array<std::string, 4>;

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

std::string names_of(const std::vector<Ability>& abilities, Source source) {
  std::string names;
  for (const Ability& ability : abilities) {
    if (ability.source == source) names.append(" ").append(ability.name);
  }
  return names;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

std::string_view to_string(Source source) {
  constexpr std::string_view kNames[] = {"missing", "native", "supplied"};
  return kNames[static_cast<size_t>(source)];
}

}  // namespace

std::string engines_table(const engine::Engines& engines) {
  std::vector<Row> rows = {{"ENGINE", "VERSION", "COMPILES", "ADAPTER"}};
  std::string abilities;
  std::string missing;
  for (const Report& report : reports_of(engines)) {
    if (!report.error.empty()) {
      missing += report.error + "\n";
      continue;
    }
    rows.push_back({report.name, report.info.version, report.info.compilation, report.adapter});
    abilities += report.name + " can:" + names_of(report.abilities, Source::Native) + "\n";
    const std::string supplied = names_of(report.abilities, Source::Supplied);
    if (!supplied.empty()) abilities += report.name + " is given:" + supplied + "\n";
    if (!report.features.empty()) {
      abilities += report.name + " takes: " + joined(report.features) + "\n";
    }
  }
  std::string text = layout(rows) + "\n" + abilities;
  if (!missing.empty()) text += "\nNot there:\n" + missing;
  return text;
}

std::string engines_json(const engine::Engines& engines) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Report& report : reports_of(engines)) {
    nlohmann::ordered_json entry = {{"name", report.name}};
    entry["names"] = engine::configuration_names(report.name);
    if (!report.error.empty()) {
      entry["error"] = report.error;
    } else {
      entry["version"] = report.info.version;
      entry["compilation"] = report.info.compilation;
      entry["adapter"] = report.adapter;
      for (const Ability& ability : report.abilities) {
        entry["capabilities"][std::string(ability.name)] = to_string(ability.source);
      }
      entry["features"] = report.features;
    }
    list.push_back(std::move(entry));
  }
  return nlohmann::ordered_json{{"engines", std::move(list)}}.dump(2) + "\n";
}

EnginesCommand::EnginesCommand(CLI::App& app) {
  auto* command = app.add_subcommand("engines", "Lists the engines that plugins can run on.");
  command->add_flag("--json", json_, "The same as JSON");
}

ExitCode EnginesCommand::run(const StartAgain& start_again) const {
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  start_again_for(engine::known_engines(), engines, "weir engines", start_again);
  std::cout << (json_ ? engines_json(engines) : engines_table(engines));
  return ExitCode::Success;
}

}  // namespace weir::cli
