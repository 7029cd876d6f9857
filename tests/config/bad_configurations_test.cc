// Each configuration of bad_configurations.txt gives exactly one line, the one that stands there,
// whether it is read or checked by `weir check`.

#include <gtest/gtest.h>

#include <regex>
#include <vector>

#include "config/bootstrap.h"
#include "config/cases.h"
#include "config/complete_file.h"
#include "config/trial.h"

namespace weir::test {
namespace {

constexpr const char* kFileName = "bad.yaml";

// The text at a line and a column of the file.
std::string_view text_at(std::string_view file, int line, int column) {
  for (; line > 1; --line) file.remove_prefix(std::min(file.find('\n'), file.size() - 1) + 1);
  return file.substr(std::min(static_cast<size_t>(column - 1), file.size()));
}

// Whether what stands at the mark is one of the keys in the path: that of the field itself, or of
// the nearest around it that the file has.
bool marks_a_key(std::string_view text, const std::string& error) {
  const std::string path = error.substr(0, error.find(": "));
  while (!text.empty() && (text[0] == '"' || text[0] == '\'')) text.remove_prefix(1);
  static const std::regex kKeys("[A-Za-z_@/0-9-]+");
  for (std::sregex_iterator key(path.begin(), path.end(), kKeys), end; key != end; ++key) {
    if (text.starts_with(key->str())) return true;
  }
  return false;
}

class BadConfigurationsTest : public ::testing::Test {
 protected:
  static const std::vector<Case>& cases() {
    static const auto kCases = read_cases(WEIR_BAD_CONFIGURATIONS);
    return kCases;
  }
};

TEST_F(BadConfigurationsTest, AreMany) { EXPECT_GE(cases().size(), 200u); }

TEST_F(BadConfigurationsTest, AreRefusedInOneLineThatSaysWhere) {
  static const std::regex kShape(R"(bad\.yaml(?::(\d+):(\d+))?: (.*))");
  for (const Case& c : cases()) {
    const auto settings = config::load_bootstrap(c.file, kFileName);
    ASSERT_FALSE(settings.ok()) << "line " << c.line << " is no error:\n" << c.file;
    const std::string& error = settings.error().message;
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(error, parts, kShape)) << "line " << c.line << ": " << error;
    EXPECT_TRUE(matches(parts[3].str(), c.error)) << "line " << c.line << ":\n"
                                                  << parts[3].str() << "\nin place of\n"
                                                  << c.error;
    if (!parts[1].matched) continue;
    const auto marked = text_at(c.file, std::stoi(parts[1]), std::stoi(parts[2]));
    const bool in_list = c.error.substr(0, c.error.find(": ")).ends_with("]");
    const bool no_path = !c.error.starts_with("static_resources") && !c.error.starts_with("admin");
    EXPECT_TRUE(in_list || no_path || marks_a_key(marked, c.error))
        << "line " << c.line << ": " << error << "\nmarks " << marked.substr(0, 40);
  }
}

TEST_F(BadConfigurationsTest, AreRefusedByCheckWithoutAnotherWord) {
  Trial trial;
  for (const Case& c : cases()) {
    const auto settings = config::load_bootstrap(c.file, trial.path(kFileName));
    ASSERT_FALSE(settings.ok());
    const auto outcome = trial.check(kFileName, c.file);
    EXPECT_EQ(outcome.exit_code, 1) << "line " << c.line;
    EXPECT_EQ(outcome.out, "") << "line " << c.line;
    EXPECT_EQ(outcome.err, "weir check: " + settings.error().message + "\n") << "line " << c.line;
  }
}

// The errors above are about what each case changes: the rest of the file has none.
TEST_F(BadConfigurationsTest, AreGoodConfigurationsSaveForOneThing) {
  for (std::string_view message : messages()) {
    const auto settings = config::load_bootstrap(complete_file(message, ""), kFileName);
    EXPECT_TRUE(settings.ok()) << message << ": " << settings.error().message;
  }
}

}  // namespace
}  // namespace weir::test
