#pragma once
// What happens in a test, in order: lines that guests and fakes write.

#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace weir::test {

// Thread: any.
class Journal {
 public:
  void add(std::string line) { lines_.lock()->push_back(std::move(line)); }

  // The lines since the last call.
  std::vector<std::string> take() { return std::exchange(*lines_.lock(), {}); }

 private:
  Guarded<std::vector<std::string>> lines_;
};

}  // namespace weir::test
