#include "planes/envoy/metadata_kinds.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::envoy_plane {
namespace {

using runtime::PropertyValue;

// Reads a value that is of one kind, and returns as what it was asked for.
std::vector<MetadataKind> asked(MetadataKinds& kinds, std::string_view key, MetadataKind is) {
  std::vector<MetadataKind> asked;
  const PropertyValue value =
      kinds.read(0, "filter", key, [&](MetadataKind kind, PropertyValue& to) {
        asked.push_back(kind);
        if (kind == is) to = true;
        return kind == is;
      });
  EXPECT_TRUE(std::holds_alternative<bool>(value));
  return asked;
}

TEST(MetadataKindsTest, AskForWhatItWasBefore) {
  using enum MetadataKind;
  using Kinds = std::vector<MetadataKind>;
  MetadataKinds kinds;
  EXPECT_EQ(asked(kinds, "text", Text), Kinds({Text}));
  EXPECT_EQ(asked(kinds, "number", Number), Kinds({Text, Number}));
  EXPECT_EQ(asked(kinds, "number", Number), Kinds({Number}));
  EXPECT_EQ(asked(kinds, "truth", Truth), Kinds({Text, Number, Truth}));
  EXPECT_EQ(asked(kinds, "truth", Truth), Kinds({Truth}));
  EXPECT_EQ(asked(kinds, "text", Text), Kinds({Text}));
  // It has become another.
  EXPECT_EQ(asked(kinds, "number", Truth), Kinds({Number, Text, Truth}));
  EXPECT_EQ(asked(kinds, "number", Truth), Kinds({Truth}));
}

TEST(MetadataKindsTest, WhatIsOfNoKindIsAskedForAnew) {
  MetadataKinds kinds;
  for (int round = 0; round < 2; ++round) {
    int asked = 0;
    const PropertyValue value = kinds.read(0, "filter", "list", [&](MetadataKind, PropertyValue&) {
      ++asked;
      return false;
    });
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value));
    EXPECT_EQ(asked, 3);
  }
}

}  // namespace
}  // namespace weir::envoy_plane
