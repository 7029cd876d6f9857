#include "planes/serve/header_edits.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

using abi::HeaderList;
using Action = config::HeaderEdit::Action;

std::string edited(HeaderList headers, const config::HeaderEdits& edits) {
  edit(headers, edits);
  std::string text;
  for (size_t i = 0; i < headers.count(); ++i) {
    text.append(headers.name(i)).append(": ").append(headers.value(i)).append("; ");
  }
  return text;
}

TEST(HeaderEditsTest, AppendsALine) {
  EXPECT_EQ(edited({{"x", "1"}}, {.add = {{"x", "2", Action::Append}}}), "x: 1; x: 2; ");
}

TEST(HeaderEditsTest, KeepsOneLineOfContentType) {
  const config::HeaderEdits edits{.add = {{"content-type", "text/b", Action::Append}}};
  EXPECT_EQ(edited({{"content-type", "text/a"}, {"x", "1"}}, edits),
            "content-type: text/a,text/b; x: 1; ");
  EXPECT_EQ(edited({{"x", "1"}}, edits), "x: 1; content-type: text/b; ");
}

}  // namespace
}  // namespace weir::serve
