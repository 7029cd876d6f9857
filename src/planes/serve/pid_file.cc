#include "planes/serve/pid_file.h"

#include <unistd.h>

#include <fstream>
#include <string>
#include <system_error>

namespace weir::serve {

// Readers find a whole number at any time: it is written aside, and moved.
void PidFile::write() {
  if (path_.empty()) return;
  const std::string aside = path_.string() + "." + std::to_string(::getpid());
  std::ofstream file(aside, std::ios::trunc);
  file << ::getpid() << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(aside, path_, error);
  if (file && !error) {
    written_ = true;
    return;
  }
  logger_.log(LogLevel::Error, "--pid-file " + path_.string() + ": cannot be written" +
                                   (error ? ": " + error.message() : ""));
}

PidFile::~PidFile() {
  if (!written_) return;
  long number = 0;
  std::ifstream(path_) >> number;
  std::error_code ignored;
  if (number == ::getpid()) std::filesystem::remove(path_, ignored);
}

}  // namespace weir::serve
