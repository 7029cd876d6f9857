#include "cli/inspection.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kPageKib = 64;
constexpr size_t kLabelWidth = 18;

std::string_view to_string(abi::ImportKind kind) {
  constexpr std::string_view kNames[] = {"hostcall", "wasi", "compiler", "other type", "unknown"};
  return kNames[static_cast<size_t>(kind)];
}

bool is_capability(abi::ImportKind kind) {
  return kind == abi::ImportKind::Hostcall || kind == abi::ImportKind::Wasi;
}

std::string row(std::string_view label, std::string_view value, size_t width = kLabelWidth) {
  std::string line = "  " + std::string(label);
  if (line.size() < width) line.resize(width, ' ');
  // A module's names may hold any byte: none of them moves the reader's terminal.
  return printable(line + " " + std::string(value)) + "\n";
}

// Rows one below the other, with their values in one column.
class Rows {
 public:
  void add(std::string label, std::string value) {
    // A section may have any name; a longer one breaks its own row alone.
    constexpr size_t kWidest = 32;
    if (label.size() + 2 <= kWidest) width_ = std::max(width_, label.size() + 2);
    rows_.emplace_back(std::move(label), std::move(value));
  }

  std::string text() const {
    std::string text;
    for (const auto& [label, value] : rows_) text += row(label, value, width_);
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
  size_t width_ = kLabelWidth;
};

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

// More names than any plugin has on purpose; --json has them all.
constexpr size_t kMostNames = 50;

std::string and_more(size_t count) {
  return count == 0 ? "" : " and " + std::to_string(count) + " more";
}

// Rows of names by subject, each subject once, in the order in which they come.
class BySubject {
 public:
  void add(std::string_view subject, std::string name) {
    auto found = std::ranges::find(rows_, subject, &Row::subject);
    if (found == rows_.end())
      found = rows_.insert(rows_.end(), Row{.subject = subject, .names = {}});
    ++found->count;
    if (found->names.size() < kMostNames) found->names.push_back(std::move(name));
  }

  std::string text() const {
    Rows rows;
    for (const Row& each : rows_) {
      rows.add(std::string(each.subject),
               joined(each.names, " ") + and_more(each.count - each.names.size()));
    }
    return rows.text();
  }

 private:
  struct Row {
    std::string_view subject;
    std::vector<std::string> names;  // the first ones
    size_t count = 0;                // of all
  };
  std::vector<Row> rows_;
};

std::string made_with(const abi::ModuleReport& module) {
  const auto& tools = module.made_with;
  std::string text = tools.sdk;
  if (!tools.sdk_version.empty()) text += " " + tools.sdk_version;
  if (text.empty()) text = tools.language;
  for (const wasm::Producer& producer : module.producers) {
    if (producer.field != "processed-by") continue;
    if (!text.empty()) text += ", ";
    text += producer.name;
    if (!producer.version.empty()) text += " " + producer.version;
  }
  return text.empty() ? "unknown" : text;
}

std::string memory_text(const std::optional<wasm::MemoryInfo>& memory) {
  if (!memory) return "none";
  const auto size = [](uint64_t pages) {
    return std::to_string(pages) + (pages == 1 ? " page (" : " pages (") +
           std::to_string(pages * kPageKib) + " KiB)";
  };
  std::string text = size(memory->min_pages) + " at the start, ";
  text += memory->max_pages ? size(*memory->max_pages) + " at most" : "no maximum of its own";
  if (!memory->exported) text += "; not exported as 'memory'";
  return text;
}

std::string callbacks_text(const abi::ModuleReport& module) {
  BySubject rows;
  std::string warnings;
  for (const auto& callback : module.callbacks) {
    rows.add(callback.subject, std::string(callback.name));
    if (!callback.fits) {
      warnings += "  '" + std::string(callback.name) + "' has another type than that callback\n";
    }
  }
  for (const std::string& name : module.unknown_callbacks) {
    rows.add("never called", name);
  }
  return rows.text() + warnings;
}

std::string imports_text(const abi::ModuleReport& module) {
  BySubject rows;
  for (const auto& import : module.imports) {
    if (is_capability(import.kind)) {
      rows.add(import.subject, import.name);
    } else if (import.kind == abi::ImportKind::CompilersOwn) {
      rows.add("of the compiler", import.name);
    } else {
      rows.add(import.kind == abi::ImportKind::Unknown ? "unknown" : "of another type",
               import.module + "." + import.name + " " + import.type + ";");
    }
  }
  return rows.text();
}

std::string sections_text(const wasm::ModuleInfo& info) {
  Rows rows;
  for (const wasm::Section& section : info.sections) {
    rows.add(section.name.empty() ? "(custom)" : section.name,
             std::to_string(section.size) + " bytes");
  }
  return rows.text();
}

std::string trials_text(const std::vector<Trial>& trials) {
  Rows rows;
  std::string missing;
  for (const Trial& trial : trials) {
    if (trial.outcome == Trial::Outcome::NoEngine) {
      missing += " " + trial.engine;
      continue;
    }
    const std::string_view verdict = trial.outcome == Trial::Outcome::Loads ? "loads"
                                     : trial.outcome == Trial::Outcome::Refuses
                                         ? "is taken, but did not start: "
                                         : "is not taken: ";
    rows.add(trial.engine + " " + trial.version, std::string(verdict) + trial.reason);
    for (const std::string& line : trial.log) rows.add("", "logged: " + line);
    if (trial.log_left_out != 0) {
      rows.add("", "logged: " + std::to_string(trial.log_left_out) + " more lines");
    }
  }
  std::string text = rows.text();
  if (!missing.empty()) text += "  not there:" + missing + "; see weir engines\n";
  return text;
}

// One that every host knows, and that gives a plugin nothing: to be told of its own end.
constexpr std::string_view kHarmless = "proxy_on_delete";

// An empty list would allow everything: a plugin that uses nothing is held to one name that it has
// no use for.
std::set<std::string> restricting(const std::set<std::string>& capabilities) {
  if (!capabilities.empty()) return capabilities;
  return {std::string(kHarmless)};
}

std::string capabilities_text(const std::set<std::string>& capabilities) {
  std::string text = "\nTo allow what it uses, and no more:\n";
  if (capabilities.empty()) {
    text +=
        "It uses nothing. An empty list would allow everything, so one name stands here that it "
        "has "
        "no use for.\n";
  }
  text += "capability_restriction_config:\n  allowed_capabilities:\n";
  for (const std::string& name : restricting(capabilities)) text += "    " + name + ": {}\n";
  return text;
}

Json known_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json memory_json(const std::optional<wasm::MemoryInfo>& memory) {
  if (!memory) return nullptr;
  return {{"min_pages", memory->min_pages},
          {"max_pages", memory->max_pages ? Json(*memory->max_pages) : Json()},
          {"exported", memory->exported}};
}

// A file's names may hold any byte; JSON holds UTF-8.
std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

bool Inspection::loads() const {
  return std::ranges::find(trials, Trial::Outcome::Loads, &Trial::outcome) != trials.end();
}

const Trial* Inspection::refusal() const {
  const Trial* first = nullptr;
  for (const Trial& trial : trials) {
    if (trial.outcome == Trial::Outcome::NoEngine) continue;
    if (trial.outcome != Trial::Outcome::NotTaken) return nullptr;
    if (first == nullptr) first = &trial;
  }
  return first != nullptr && first->is_invalid ? first : nullptr;
}

std::string to_text(const Inspection& inspection) {
  const abi::ModuleReport& module = inspection.module;
  std::string text = inspection.file + "\n";
  text += row("size", std::to_string(inspection.bytes) + " bytes");
  text += row("ABI", std::string(to_string(module.abi_version)) + " (" + module.abi_marker + ")");
  text += row("made with", made_with(module));
  text +=
      row("starts by", module.start_sequence.empty() ? "nothing: no code runs before callbacks"
                                                     : joined(module.start_sequence, ", then "));
  text += row("allocator", module.allocator.empty() ? "none: it cannot load" : module.allocator);
  text += row("memory", memory_text(module.info.memory));
  text += row("loads", inspection.loads() ? "yes" : "no: see Engines");
  text += "\nCallbacks that it takes\n" + callbacks_text(module);
  text += "\nFunctions that it needs\n" + imports_text(module);
  if (!module.other_exports.empty()) {
    const auto& names = module.other_exports;
    const auto end = names.begin() + static_cast<ptrdiff_t>(std::min(names.size(), kMostNames));
    text += "\nOther functions that it exports\n  " + printable(joined({names.begin(), end}, " ")) +
            and_more(names.size() - static_cast<size_t>(end - names.begin())) + "\n";
  }
  text += "\nSections\n" + sections_text(module.info);
  text += "\nEngines\n" + trials_text(inspection.trials);
  text += capabilities_text(module.capabilities);
  return text;
}

std::string to_json(const Inspection& inspection) {
  const abi::ModuleReport& module = inspection.module;
  Json json = {{"file", inspection.file},
               {"bytes", inspection.bytes},
               {"abi", to_string(module.abi_version)},
               {"abi_marker", module.abi_marker},
               {"language", known_or_null(module.made_with.language)},
               {"sdk", known_or_null(module.made_with.sdk)},
               {"sdk_version", known_or_null(module.made_with.sdk_version)},
               {"producers", Json::array()},
               {"start_sequence", module.start_sequence},
               {"allocator", known_or_null(module.allocator)},
               {"memory", memory_json(module.info.memory)},
               {"callbacks", Json::array()},
               {"unknown_callbacks", module.unknown_callbacks},
               {"other_exports", module.other_exports},
               {"imports", Json::array()},
               {"sections", Json::array()},
               {"capabilities", module.capabilities},
               {"allowed_capabilities", restricting(module.capabilities)},
               {"engines", Json::array()},
               {"loads", inspection.loads()}};
  for (const auto& producer : module.producers) {
    json["producers"].push_back(
        {{"field", producer.field}, {"name", producer.name}, {"version", producer.version}});
  }
  for (const auto& callback : module.callbacks) {
    json["callbacks"].push_back(
        {{"name", callback.name}, {"subject", callback.subject}, {"fits", callback.fits}});
  }
  for (const auto& import : module.imports) {
    json["imports"].push_back({{"kind", to_string(import.kind)},
                               {"module", import.module},
                               {"name", import.name},
                               {"type", import.type},
                               {"subject", known_or_null(std::string(import.subject))}});
  }
  for (const auto& section : module.info.sections) {
    json["sections"].push_back({{"name", section.name}, {"bytes", section.size}});
  }
  for (const Trial& trial : inspection.trials) {
    json["engines"].push_back({{"name", trial.engine},
                               {"version", known_or_null(trial.version)},
                               {"outcome", to_string(trial.outcome)},
                               {"reason", known_or_null(trial.reason)},
                               {"log", trial.log},
                               {"log_left_out", trial.log_left_out}});
  }
  return dumped(json);
}

}  // namespace weir::cli
