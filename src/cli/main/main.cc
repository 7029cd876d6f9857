#include "cli/command_line.h"
#include "engine/own_c_library.h"

int main(int argc, char** argv) {
  weir::engine::take_program_name();
  const std::span<const char* const> arguments(argv, static_cast<size_t>(argc));
  return weir::cli::run_command_line(argc, argv, [&](const std::filesystem::path& loader) {
    return weir::engine::start_again_by(loader, arguments);
  });
}
