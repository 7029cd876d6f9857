#include "cli/chosen_engines.h"

#include <algorithm>

#include "base/suggestion.h"

namespace weir::cli {
namespace {

bool wants_all(const std::vector<std::string>& asked_for) {
  return std::ranges::find(asked_for, kAllEngines) != asked_for.end();
}

std::vector<std::string> names_of(const std::vector<std::string>& asked_for,
                                  std::string_view or_else) {
  const std::string own(engine::canonical_name(or_else));
  if (asked_for.empty() || own == "null") return {own};
  std::vector<std::string> names;
  if (wants_all(asked_for)) {
    for (const std::string_view name : engine::known_engines()) {
      if (name != "null") names.emplace_back(name);
    }
    return names;
  }
  for (const std::string& name : asked_for) {
    const std::string canonical(engine::canonical_name(name));
    if (std::ranges::find(names, canonical) == names.end()) names.push_back(canonical);
  }
  return names;
}

}  // namespace

Done check_engine_names(const std::vector<std::string>& asked_for) {
  for (const std::string& name : asked_for) {
    if (name == kAllEngines || !engine::canonical_name(name).empty()) continue;
    return unknown_engine(name, "see weir engines, or write all");
  }
  return Unit{};
}

Done check_engines_fit(const std::vector<std::string>& asked_for, std::string_view own,
                       std::string_view where) {
  if (engine::canonical_name(own) != "null") return Unit{};
  for (const std::string& name : asked_for) {
    if (name == kAllEngines || engine::canonical_name(name) == "null") continue;
    return Error{ErrorCode::BadConfig, std::string(where) +
                                           ": is native code, which runs on engine 'null' alone, "
                                           "not on '" +
                                           name +
                                           "': leave --engine out, or name a .wasm file by "
                                           "--plugin"};
  }
  return Unit{};
}

Error unknown_engine(const std::string& name, const std::string& or_else) {
  const std::vector<std::string> known(engine::known_engines().begin(),
                                       engine::known_engines().end());
  return Error{ErrorCode::BadConfig,
               "--engine '" + name + "': unknown; " + suggest(name, known, or_else)};
}

Result<std::vector<ChosenEngine>> choose_engines(const engine::Engines& engines,
                                                 const std::vector<std::string>& asked_for,
                                                 std::string_view or_else) {
  std::vector<ChosenEngine> chosen;
  for (const std::string& name : names_of(asked_for, or_else)) {
    auto found = engines.find(name);
    if (found.ok()) {
      chosen.push_back({name, found.value(), ""});
    } else if (wants_all(asked_for)) {
      chosen.push_back({name, nullptr, found.error().message});
    } else {
      return std::move(found).error();
    }
  }
  return chosen;
}

void start_again_for_chosen(const engine::Engines& engines,
                            const std::vector<std::string>& asked_for, std::string_view or_else,
                            std::string_view command, const StartAgain& start_again) {
  const std::vector<std::string> names = names_of(asked_for, or_else);
  const std::vector<std::string_view> views(names.begin(), names.end());
  start_again_for(views, engines, command, start_again);
}

}  // namespace weir::cli
