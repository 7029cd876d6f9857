#pragma once
// What an operator may have meant by a word that is not known.

#include <span>
#include <string>
#include <string_view>

namespace weir::config {

// The one of `known` that is nearest to `word`, if one is near enough to be meant; null if none is.
const std::string* find_similar(std::string_view word, std::span<const std::string> known);

// "did you mean 'runtime'?" if one of `known` is near enough to `word`, else "expected one of a,
// b"; "nothing is expected here" if none is known.
std::string suggest(std::string_view word, std::span<const std::string> known);

}  // namespace weir::config
