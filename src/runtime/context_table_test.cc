#include "runtime/context_table.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace weir::runtime {
namespace {

using abi::ContextId;

TEST(ContextTableTest, CountsIdsUpFromOneAndDoesNotReuseThem) {
  ContextTable<int> table;
  int context = 0;
  const ContextId first = table.add(context);
  table.remove(first);
  EXPECT_EQ(first, ContextId{1});
  EXPECT_EQ(table.add(context), ContextId{2});
}

TEST(ContextTableTest, FindsOnlyWhatIsThere) {
  ContextTable<int> table;
  int context = 0;
  const ContextId id = table.add(context);
  EXPECT_EQ(table.find(id), &context);
  EXPECT_EQ(table.find(ContextId::None), nullptr);
  EXPECT_EQ(table.find(ContextId{17}), nullptr);  // the same place in a table of 16
  EXPECT_EQ(table.find(ContextId{UINT32_MAX}), nullptr);
  table.remove(id);
  EXPECT_EQ(table.find(id), nullptr);
}

TEST(ContextTableTest, KeepsLongLivedContextsWhileOthersComeAndGo) {
  ContextTable<int> table;
  std::vector<int> contexts(1000);
  std::map<ContextId, int*> open;
  for (int& context : contexts) {
    const ContextId id = table.add(context);
    ASSERT_TRUE(open.emplace(id, &context).second);
    // Every seventh stays.
    if (static_cast<uint32_t>(id) % 7 != 0) {
      table.remove(id);
      open.erase(id);
    }
  }
  EXPECT_EQ(table.count(), open.size());
  EXPECT_EQ(table.ids().size(), open.size());
  for (const auto& [id, context] : open) EXPECT_EQ(table.find(id), context);
}

}  // namespace
}  // namespace weir::runtime
