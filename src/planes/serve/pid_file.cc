#include "planes/serve/pid_file.h"

#include <unistd.h>

#include <fstream>
#include <string>
#include <system_error>

#include "base/output_file.h"

namespace weir::serve {

// Readers find a whole number at any time: it is written aside, and moved.
void PidFile::write() {
  if (path_.empty()) return;
  const Done written = write_output_file(path_, std::to_string(::getpid()) + '\n');
  if (written.ok()) {
    written_ = true;
    return;
  }
  logger_.log(LogLevel::Error,
              "--pid-file " + path_.string() + ": cannot be written: " + written.error().message);
}

PidFile::~PidFile() {
  std::error_code ignored;
  // Where links lead, and nothing of a device.
  const std::filesystem::path file = std::filesystem::canonical(path_, ignored);
  if (!written_ || !std::filesystem::is_regular_file(file, ignored)) return;
  long number = 0;
  std::ifstream(file) >> number;
  if (number == ::getpid()) std::filesystem::remove(file, ignored);
}

}  // namespace weir::serve
