// A plugin that cannot be started is one line with file, field and remedy, whatever is at fault:
// each row of refused_plugins.txt.

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "config/bootstrap.h"
#include "config/cases.h"
#include "config/code_server.h"
#include "config/trial.h"

namespace weir::test {
namespace {

// What the command says, without the log, whose lines begin with their time.
std::string without_log(const std::string& printed) {
  std::string said;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('[')) said += line + "\n";
  }
  return said;
}

TEST(RefusedPluginsTest, AreRefusedByCheckInOneLineThatSaysWhere) {
  const CodeServer server;
  Trial trial;
  const auto cases = read_cases(WEIR_REFUSED_PLUGINS);
  EXPECT_GE(cases.size(), 25u);
  for (const Case& c : cases) {
    const std::string file = server.named_in(c.file);
    const auto read = config::load_bootstrap(file, "bad.yaml");
    ASSERT_TRUE(read.ok()) << "line " << c.line << ": " << read.error().message;
    const auto outcome = trial.check("bad.yaml", file);
    EXPECT_EQ(outcome.exit_code, 1) << "line " << c.line;
    // Other plugins may start; that all of it can be served is not said.
    EXPECT_EQ(outcome.out.find(" cluster"), std::string::npos) << "line " << c.line;
    static const std::regex kShape(R"(weir check: \S*/bad\.yaml:\d+:\d+: (.*)\n)");
    std::smatch parts;
    const std::string said = without_log(outcome.err);
    ASSERT_TRUE(std::regex_match(said, parts, kShape)) << "line " << c.line << ":\n" << outcome.err;
    const std::string expected = server.named_in(c.error);
    EXPECT_TRUE(matches(parts[1].str(), expected)) << "line " << c.line << ":\n"
                                                   << parts[1].str() << "\nin place of\n"
                                                   << expected;
  }
}

}  // namespace
}  // namespace weir::test
