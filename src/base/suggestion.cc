#include "base/suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/lower_case.h"

namespace weir {
namespace {

// Words longer than this are not misspellings of ours.
constexpr size_t kMaxWord = 120;

// How many letters have to be added, removed, changed or swapped with a neighbour.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

const std::string* find_similar(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kMaxWord) return nullptr;
  const std::string* nearest = nullptr;
  // A word with more mistakes is another word.
  constexpr size_t kTooMany = 5;
  size_t least = std::min(word.size() / 4 + 2, kTooMany);
  const std::string lower = lower_case(word);
  for (const std::string& candidate : known) {
    size_t edits = distance(lower, lower_case(candidate));
    if (edits >= least) continue;
    least = edits;
    nearest = &candidate;
  }
  return nearest;
}

std::string suggest(std::string_view word, std::span<const std::string> known,
                    std::string_view or_else) {
  const std::string* similar = find_similar(word, known);
  if (similar != nullptr) return "did you mean '" + *similar + "'?";
  if (!or_else.empty()) return std::string(or_else);
  if (known.empty()) return "nothing is expected here";

  std::string all;
  for (const std::string& candidate : known) all += (all.empty() ? "" : ", ") + candidate;
  return (known.size() == 1 ? "expected " : "expected one of ") + all;
}

}  // namespace weir
