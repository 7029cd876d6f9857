#include "base/suggestion.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

const std::vector<std::string> kModes = {"SHARED", "STREAM"};

TEST(SuggestionTest, NamesWhatIsNear) {
  EXPECT_EQ(suggest("STREM", kModes), "did you mean 'STREAM'?");
  EXPECT_EQ(suggest("SHAERD", kModes), "did you mean 'SHARED'?");
  EXPECT_EQ(suggest("WORKER", kModes), "expected one of SHARED, STREAM");
}

// `isolation: stream` was answered with a list of what there is.
TEST(SuggestionTest, TakesCapitalsForWhatTheyAre) {
  EXPECT_EQ(suggest("stream", kModes), "did you mean 'STREAM'?");
  EXPECT_EQ(suggest("Shared", kModes), "did you mean 'SHARED'?");
}

TEST(SuggestionTest, SaysElseWhatTheCallerKnows) {
  EXPECT_EQ(suggest("WORKER", kModes, "see the manual"), "see the manual");
  EXPECT_EQ(suggest("stream", kModes, "see the manual"), "did you mean 'STREAM'?");
  EXPECT_EQ(suggest("stream", {}), "nothing is expected here");
  EXPECT_EQ(suggest("stream", {}, "see the manual"), "see the manual");
}

}  // namespace
}  // namespace weir
