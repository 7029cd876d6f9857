#include "module/origin_map.h"

#include <gtest/gtest.h>

namespace weir::wasm {
namespace {

TEST(OriginMapTest, WithoutChangesAllIsWhereItWas) {
  const OriginMap map;
  EXPECT_EQ(map.old_offset(1234), 1234u);
  EXPECT_EQ(map.old_function(5), 5u);
}

TEST(OriginMapTest, FindsTheCodeAroundEdits) {
  OriginMap map;
  map.begin_body(100);
  map.add_edit(0, 0, 20);   // at the function's entry
  map.add_edit(300, 1, 2);  // a longer index
  map.end_body(10);
  map.begin_body(500);
  map.end_body(400);
  map.begin_body(600);
  map.add_edit(5, 0, 7);
  map.end_body(500);
  map.set_code_section(1000);

  EXPECT_EQ(map.old_offset(1010), 100u);  // inserted
  EXPECT_EQ(map.old_offset(1029), 100u);
  EXPECT_EQ(map.old_offset(1030), 100u);
  EXPECT_EQ(map.old_offset(1031), 101u);
  EXPECT_EQ(map.old_offset(1329), 399u);
  EXPECT_EQ(map.old_offset(1330), 400u);  // the index
  EXPECT_EQ(map.old_offset(1331), 400u);
  EXPECT_EQ(map.old_offset(1332), 401u);
  EXPECT_EQ(map.old_offset(1400), 500u);
  EXPECT_EQ(map.old_offset(1450), 550u);
  EXPECT_EQ(map.old_offset(1504), 604u);
  EXPECT_EQ(map.old_offset(1505), 605u);
  EXPECT_EQ(map.old_offset(1512), 605u);
  EXPECT_EQ(map.old_offset(1513), 606u);
}

TEST(OriginMapTest, FindsFunctionsByTheirOldNumbers) {
  OriginMap map;
  map.set_functions(10, 3);
  EXPECT_EQ(map.old_function(2), 2u);
  EXPECT_EQ(map.old_function(3), std::nullopt);
  EXPECT_EQ(map.old_function(4), 3u);
  EXPECT_EQ(map.old_function(10), 9u);
  EXPECT_EQ(map.old_function(11), std::nullopt);
  EXPECT_EQ(map.old_function(UINT32_MAX), std::nullopt);
}

}  // namespace
}  // namespace weir::wasm
