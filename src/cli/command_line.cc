#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/bench_command.h"
#include "cli/check_command.h"
#include "cli/compile_command.h"
#include "cli/engines_command.h"
#include "cli/inspect_command.h"
#include "cli/new_command.h"
#include "cli/serve_command.h"
#include "cli/test_command.h"

namespace weir::cli {

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
    return app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::cerr << "weir: " << error.what() << "; see weir --help\n";
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
  return static_cast<int>(code);
}

}  // namespace weir::cli
