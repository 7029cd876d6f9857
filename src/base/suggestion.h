#pragma once
// What an operator may have meant by a word that is not known.

#include <span>
#include <string>
#include <string_view>

namespace weir {

// The one of `known` that is nearest to `word`, if one is near enough to be meant; null if none is.
// Whether letters are capitals is no difference.
const std::string* find_similar(std::string_view word, std::span<const std::string> known);

// "did you mean 'runtime'?" if one of `known` is near enough to `word`, else what `or_else` says;
// where it says nothing, "expected one of a, b", or "nothing is expected here" if none is known.
std::string suggest(std::string_view word, std::span<const std::string> known,
                    std::string_view or_else = "");

}  // namespace weir
