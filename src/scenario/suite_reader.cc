#include "scenario/suite_reader.h"

#include <set>

#include "config/any_bytes.h"
#include "config/loader.h"
#include "scenario/expectation_reader.h"
#include "scenario/plugin_reader.h"
#include "scenario/step_reader.h"
#include "scenario/subjects.h"
#include "scenario/text_file.h"
#include "scenario/world_reader.h"

namespace weir::scenario {
namespace {

using config::Place;

// What the files of plugins begin with.
constexpr std::string_view kWasm("\0asm", 4);
constexpr std::string_view kSharedObject(
    "\x7f"
    "ELF",
    4);

// A plugin in the place of a file that names one.
Done check_is_text(std::string_view bytes, const std::filesystem::path& file) {
  const bool is_wasm = bytes.starts_with(kWasm);
  if (!is_wasm && !bytes.starts_with(kSharedObject)) return Unit{};
  const std::string own_name = file.filename().string();
  return Error{ErrorCode::BadConfig,
               file.string() + ": " + (is_wasm ? "a WebAssembly module" : "a native library") +
                   ", not a file of scenarios, which names it by plugin: {" +
                   (is_wasm ? "file: " + own_name : "native: ./" + own_name) + "}"};
}

// `world` is the file's.
Result<Scenario> read_scenario(const v1::Scenario& scenario, const Place& at, World world,
                               const ExpectedFiles& files) {
  Scenario read{.where = at.describe(), .name = scenario.name(), .refused = scenario.refused()};
  if (read.name.empty()) return at.error("has no name; say in a few words what it shows");
  if (scenario.has_configuration()) read.configuration = scenario.configuration();
  if (scenario.has_configuration_json()) {
    read.configuration = config::to_json(scenario.configuration_json());
  }
  read.world = std::move(world);
  WEIR_TRY(read_world(scenario, at, read.world));
  if (scenario.has_start()) {
    WEIR_TRY(read.start, read_expectations(scenario.start(), at.field("start"), files));
    WEIR_TRY(check_subjects(*read.start, Subject::Neither, at.field("start")));
  }
  WEIR_TRY(read.steps, read_steps(scenario.steps(), at.field("steps"), files));
  if (!read.refused.empty() && (!read.steps.empty() || read.start)) {
    return at.field("refused").error("a plugin that does not start takes no steps; leave them out");
  }
  if (!scenario.golden().empty()) {
    read.golden = files.base_dir / scenario.golden();
    read.golden_where = at.field("golden").describe();
  }
  const bool looks_at_nothing = read.refused.empty() && !read.start && read.golden.empty();
  if (read.steps.empty() && looks_at_nothing) {
    return at.error("shows nothing: give it steps; or start, or refused, to look at how it starts");
  }
  return read;
}

}  // namespace

Result<Suite> read_suite(const std::filesystem::path& file, const SuiteOptions& options) {
  WEIR_TRY(const std::string text, read_text_file(file));
  WEIR_TRY(check_is_text(text, file));
  return read_suite(text, file, options);
}

Result<Suite> read_suite(std::string_view text, const std::filesystem::path& file,
                         const SuiteOptions& options) {
  v1::Suite message;
  config::SourceMap map(file.string());
  WEIR_TRY(config::load_message(text, file.string(), message, map));
  const Place root(map);
  const std::filesystem::path base_dir = file.parent_path();

  Suite suite{.file = file.string(), .plugin_where = root.field("plugin").describe()};
  WEIR_TRY(ReadPlugin plugin,
           read_plugin(message.plugin(), root.field("plugin"), base_dir, options.plugin));
  suite.plugin = std::move(plugin.options);
  suite.sources = std::move(plugin.files);
  suite.sources.push_back(file);
  const ExpectedFiles files{.base_dir = base_dir, .must_exist = !options.update};
  World world;
  WEIR_TRY(read_world(message, root, world));
  if (message.scenarios().empty()) return root.error("there are no scenarios");
  std::set<std::string> names;
  for (int i = 0; i < message.scenarios_size(); ++i) {
    const Place here = root.field("scenarios").item(static_cast<size_t>(i));
    WEIR_TRY(Scenario scenario, read_scenario(message.scenarios(i), here, world, files));
    if (!names.insert(scenario.name).second) {
      return here.field("name").error("there is another scenario of that name");
    }
    suite.scenarios.push_back(std::move(scenario));
  }
  return suite;
}

}  // namespace weir::scenario
