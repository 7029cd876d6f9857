#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "base/suggestion.h"
#include "cli/bench_command.h"
#include "cli/check_command.h"
#include "cli/compile_command.h"
#include "cli/engines_command.h"
#include "cli/inspect_command.h"
#include "cli/new_command.h"
#include "cli/serve_command.h"
#include "cli/test_command.h"

namespace weir::cli {
namespace {

std::vector<std::string> options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What is wrong with the arguments, in one line, and where to read what is right.
std::string explained(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const std::string help =
      "see weir " + (chosen.empty() ? "" : chosen.front()->get_name() + " ") + "--help";
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return error.what() + ("; " + help);
  std::vector<std::string> known;
  if (chosen.empty()) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      known.push_back(command->get_name());
  } else {
    known = options_of(*chosen.front());
  }
  return "'" + unknown.front() + "': unknown; " + suggest(unknown.front(), known, help);
}

// What a command wrote may have been lost, as on a full disk: it has not done what it was asked
// for.
int exit_code_of(int code) {
  std::cout.flush();
  if (std::cout) return code;
  std::cerr << "weir: standard output cannot be written\n";
  return code == 0 ? static_cast<int>(ExitCode::Failure) : code;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const StartAgain& start_again) {
  CLI::App app("Runs Proxy-Wasm plugins.", "weir");
  app.set_version_flag("--version", "weir " WEIR_VERSION);
  app.require_subcommand(1);
  ServeCommand serve(app);
  CheckCommand check(app);
  CompileCommand compile(app);
  EnginesCommand engines(app);
  InspectCommand inspect(app);
  NewCommand make_new(app);
  TestCommand test(app);
  BenchCommand bench(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return exit_code_of(app.exit(asked));  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::cerr << "weir: " << explained(app, error) << "\n";
    return static_cast<int>(ExitCode::Usage);
  }
  ExitCode code = ExitCode::Usage;
  if (serve.was_asked_for()) {
    code = serve.run(start_again, {argv, static_cast<size_t>(argc)});
  } else if (check.was_asked_for()) {
    code = check.run(start_again);
  } else if (compile.was_asked_for()) {
    code = compile.run(start_again);
  } else if (inspect.was_asked_for()) {
    code = inspect.run(start_again);
  } else if (test.was_asked_for()) {
    code = test.run(start_again);
  } else if (bench.was_asked_for()) {
    code = bench.run(start_again);
  } else if (make_new.was_asked_for()) {
    code = make_new.run();
  } else {
    code = engines.run(start_again);
  }
  return exit_code_of(static_cast<int>(code));
}

}  // namespace weir::cli
