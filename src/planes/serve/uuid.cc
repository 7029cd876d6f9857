#include "planes/serve/uuid.h"

#include "base/hex.h"
#include "planes/serve/random.h"

namespace weir::serve {

std::string make_uuid() {
  std::string text = "00000000-0000-4000-8000-000000000000";
  uint64_t bits = 0;
  for (size_t i = 0, taken = 0; i < text.size(); ++i) {
    if (text[i] == '-' || i == 14) continue;
    if (taken++ % 16 == 0) bits = random_number();
    // Of the variant's digit the two upper bits are fixed.
    text[i] = hex_digit(static_cast<unsigned>(i == 19 ? 8 + (bits & 3) : bits & 15));
    bits >>= 4;
  }
  return text;
}

}  // namespace weir::serve
