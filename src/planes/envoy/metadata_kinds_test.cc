#include "planes/envoy/metadata_kinds.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::envoy_plane {
namespace {

using runtime::PropertyValue;

// Reads a value that is of one kind, and returns as what it was asked for.
std::vector<MetadataKind> asked(MetadataKinds& kinds, std::string_view key, MetadataKind is) {
  std::vector<MetadataKind> asked;
  const PropertyValue value = kinds.read(0, "filter", key, kMetadataKinds,
                                         [&](MetadataKind kind, MetadataKind&, PropertyValue& to) {
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
  EXPECT_EQ(asked(kinds, "list", List), Kinds({List}));
  EXPECT_EQ(asked(kinds, "text", Text), Kinds({List, Text}));
  EXPECT_EQ(asked(kinds, "text", Text), Kinds({Text}));
  EXPECT_EQ(asked(kinds, "number", Number), Kinds({List, Text, Number}));
  EXPECT_EQ(asked(kinds, "number", Number), Kinds({Number}));
  EXPECT_EQ(asked(kinds, "truth", Truth), Kinds({List, Text, Number, Truth}));
  EXPECT_EQ(asked(kinds, "truth", Truth), Kinds({Truth}));
  EXPECT_EQ(asked(kinds, "text", Text), Kinds({Text}));
  // It has become another.
  EXPECT_EQ(asked(kinds, "number", Truth), Kinds({Number, List, Text, Truth}));
  EXPECT_EQ(asked(kinds, "number", Truth), Kinds({Truth}));
}

TEST(MetadataKindsTest, WhatIsOfNoKindIsAskedForAnew) {
  MetadataKinds kinds;
  for (int round = 0; round < 2; ++round) {
    int asked = 0;
    const PropertyValue value =
        kinds.read(0, "filter", "struct", std::span(kMetadataKinds).subspan(1),
                   [&](MetadataKind, MetadataKind&, PropertyValue&) {
                     ++asked;
                     return false;
                   });
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value));
    EXPECT_EQ(asked, 3);
  }
}

// Such a list is not asked for as anything else, which would leave errors in Envoy's log.
TEST(MetadataKindsTest, AListThatCannotBeReadIsAbsent) {
  MetadataKinds kinds;
  int asked = 0;
  const PropertyValue value =
      kinds.read(0, "filter", "list", kMetadataKinds, [&](MetadataKind, MetadataKind&, auto&) {
        ++asked;
        return true;
      });
  EXPECT_TRUE(std::holds_alternative<std::monostate>(value));
  EXPECT_EQ(asked, 1);
}

TEST(MetadataKindsTest, RemembersWhatTheElementsOfAListAre) {
  MetadataKinds kinds;
  std::vector<MetadataKind> elements;
  for (int round = 0; round < 2; ++round) {
    kinds.read(0, "filter", "list", kMetadataKinds, [&](MetadataKind, MetadataKind& of, auto&) {
      elements.push_back(of);
      of = MetadataKind::Number;
      return true;
    });
  }
  EXPECT_EQ(elements, (std::vector{MetadataKind::Text, MetadataKind::Number}));
}

}  // namespace
}  // namespace weir::envoy_plane
