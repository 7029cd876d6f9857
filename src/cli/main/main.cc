#include <csignal>
#include <string_view>

#include "cli/command_line.h"
#include "engine/own_c_library.h"

namespace {

// A reload that is asked for while the process starts is done once it serves, in place of ending
// it: Server::start() takes them from here on.
void hold_signals_of_server() {
  sigset_t held;
  sigemptyset(&held);
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&held, number);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "serve") hold_signals_of_server();
  weir::engine::take_program_name();
  const std::span<const char* const> arguments(argv, static_cast<size_t>(argc));
  return weir::cli::run_command_line(argc, argv, [&](const std::filesystem::path& loader) {
    return weir::engine::start_again_by(loader, arguments);
  });
}
