#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/compile_command.h"
#include "cli/engines_command.h"
#include "cli/inspect_command.h"
#include "cli/serve_command.h"

namespace weir::cli {

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Runs Proxy-Wasm plugins.", "weir");
  app.set_version_flag("--version", "weir " WEIR_VERSION);
  app.require_subcommand(1);
  ServeCommand serve(app);
  CompileCommand compile(app);
  EnginesCommand engines(app);
  InspectCommand inspect(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::cerr << "weir: " << error.what() << "; see weir --help\n";
    return static_cast<int>(ExitCode::Usage);
  }
  const ExitCode code = serve.was_asked_for()     ? serve.run()
                        : compile.was_asked_for() ? compile.run()
                        : inspect.was_asked_for() ? inspect.run()
                                                  : engines.run();
  return static_cast<int>(code);
}

}  // namespace weir::cli
