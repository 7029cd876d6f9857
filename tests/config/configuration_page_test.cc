// The examples of docs/configuration.md work, and the page speaks of every field of the messages
// about plugins.

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <vector>

#include "base/sha256.h"
#include "config/bootstrap.h"
#include "config/code_server.h"
#include "config/complete_file.h"
#include "config/known_types.h"
#include "config/loader.h"
#include "config/native_plugin.h"
#include "config/trial.h"

namespace weir::test {
namespace {

namespace pb = google::protobuf;

struct Example {
  int line;
  std::string message;  // that it is a part of; empty: a whole file
  std::string text;
  bool only_read = false;  // what it names besides plugins is not on this machine
};

struct Page {
  std::vector<Example> examples;
  std::string words;  // all but the examples
};

Page read_page() {
  Page page;
  std::ifstream in(WEIR_DOCS "/configuration.md");
  EXPECT_TRUE(in.good());
  bool inside = false;
  bool only_read = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line == "```yaml") {
      page.examples.push_back({number, "", "", only_read});
      inside = true;
    } else if (line == "```") {
      inside = only_read = false;
    } else if (!inside) {
      only_read = line == "<!-- only read -->";
      page.words += line + "\n";
    } else if (page.examples.back().text.empty() && line.starts_with("# ")) {
      page.examples.back().message = line.substr(2);
    } else {
      page.examples.back().text += line + "\n";
    }
  }
  return page;
}

// The example with what is on this machine: the server's code in place of other servers', and its
// hash.
std::string with_code_of(const CodeServer& server, const std::string& text) {
  static const std::regex kUri(R"(https?://[a-z.]+/[a-z0-9.-]+\.wasm)");
  static const std::regex kHash("sha256: [0-9a-f]{64}");
  const std::string code = plugin_code();
  return std::regex_replace(
      std::regex_replace(text, kUri, "http://" + server.host() + "/plugin.wasm"), kHash,
      "sha256: \"" + to_hex(sha256({as_bytes(code)})) + "\"");
}

// The files that an example names.
std::vector<std::string> files_in(const std::string& text) {
  std::vector<std::string> files;
  static const std::regex kFile("filename: ([A-Za-z0-9_./-]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), kFile), end; at != end; ++at) {
    files.push_back((*at)[1]);
  }
  return files;
}

const pb::Descriptor* find_type(const std::string& name) {
  const auto message = config::make_message("type.googleapis.com/" + name);
  return message == nullptr ? nullptr : message->GetDescriptor();
}

// The messages about plugins, with all that their fields hold.
void collect(const pb::Descriptor& type, std::set<const pb::Descriptor*>& into) {
  const bool ours = type.full_name().starts_with("envoy.") || type.full_name().starts_with("weir.");
  if (type.options().map_entry()) return collect(*type.map_value()->message_type(), into);
  if (!ours || !into.insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    const bool map_of_scalars =
        field.is_map() && field.message_type()->map_value()->message_type() == nullptr;
    if (field.message_type() != nullptr && !map_of_scalars) collect(*field.message_type(), into);
  }
}

std::set<const pb::Descriptor*> plugin_messages() {
  std::set<const pb::Descriptor*> types;
  for (const char* root : {"weir.v1.PluginOptions", "envoy.extensions.wasm.v3.WasmService",
                           "envoy.extensions.filters.http.wasm.v3.Wasm",
                           "envoy.extensions.filters.network.wasm.v3.Wasm",
                           "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog"}) {
    const pb::Descriptor* type = find_type(root);
    EXPECT_NE(type, nullptr) << root;
    collect(*type, types);
  }
  return types;
}

class ConfigurationPageTest : public ::testing::Test {
 protected:
  Page page = read_page();
};

TEST_F(ConfigurationPageTest, ItsExamplesWork) {
  EXPECT_GT(page.examples.size(), 20u);
  const CodeServer server;
  register_native_plugin();
  ::setenv("AUTH_PLUGIN", "auth_native", 1);
  Trial trial;
  const auto known = messages();
  for (const Example& example : page.examples) {
    const std::string at = "line " + std::to_string(example.line);
    if (find_type(example.message) != nullptr) {
      const auto message = config::make_message("type.googleapis.com/" + example.message);
      const Done read = config::load_message(example.text, "example.yaml", *message);
      EXPECT_TRUE(read.ok()) << at << ": " << read.error().message;
      continue;
    }
    const bool whole = example.message.empty();
    ASSERT_TRUE(whole || std::ranges::find(known, example.message) != known.end())
        << at << ": no message '" << example.message << "'";
    const std::string text = with_code_of(server, example.text);
    const std::string file = whole ? text : complete_file(example.message, text);
    if (example.only_read) {
      const auto settings = config::load_bootstrap(file, "example.yaml");
      EXPECT_TRUE(settings.ok()) << at << ": " << settings.error().message;
      continue;
    }
    for (const std::string& name : files_in(file)) {
      name.ends_with(".wasm") ? trial.add_plugin(name) : trial.add_file(name, "{}");
    }
    const auto outcome = trial.check("example.yaml", file);
    EXPECT_EQ(outcome.exit_code, 0) << at;
    EXPECT_EQ(outcome.err, "") << at;
    EXPECT_NE(outcome.out, "") << at;
  }
}

TEST_F(ConfigurationPageTest, ItsExamplesOfPluginsAreStarted) {
  for (const Example& example : page.examples) {
    if (!example.only_read) continue;
    const std::string at = "line " + std::to_string(example.line);
    EXPECT_NE(example.text.find("transport_socket"), std::string::npos) << at;
    EXPECT_EQ(example.text.find("vm_config"), std::string::npos) << at;
  }
}

TEST_F(ConfigurationPageTest, ItSpeaksOfEveryFieldAndShowsIt) {
  std::string examples;
  for (const Example& example : page.examples) examples += example.text;
  const auto types = plugin_messages();
  EXPECT_GT(types.size(), 18u);
  for (const pb::Descriptor* type : types) {
    EXPECT_NE(page.words.find(type->name()), std::string::npos) << type->full_name();
    for (int i = 0; i < type->field_count(); ++i) {
      const std::string& field = type->field(i)->name();
      // "`field`", or a part of "`outer.field`".
      const std::regex told("`(\\w+\\.)*" + field + "(\\.\\w+)*`");
      EXPECT_TRUE(std::regex_search(page.words, told)) << type->full_name() << "." << field;
      const std::regex shown("(^|[\\s{\"])" + field + ":");
      EXPECT_TRUE(std::regex_search(examples, shown)) << type->full_name() << "." << field;
    }
  }
}

}  // namespace
}  // namespace weir::test
