// docs/supported-fields.md lists each message and field that configurations may have, out of
// the .proto files with their comments. WEIR_UPDATE_DOCS=1 writes the page
// (scripts/supported_fields.sh); else the test says whether it is current.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "config/known_types.h"

namespace weir::test {
namespace {

namespace pb = google::protobuf;

constexpr const char* kPage = WEIR_DOCS "/supported-fields.md";

// In this order; a message that an earlier one holds follows it.
std::vector<std::string> root_messages() {
  std::vector<std::string> roots = {"envoy.config.bootstrap.v3.Bootstrap"};
  for (const std::string& name : config::known_types()) {
    if (!name.starts_with("google.")) roots.push_back(name);
  }
  return roots;
}

bool is_ours(const pb::Descriptor& type) { return !type.full_name().starts_with("google."); }

void collect(const pb::Descriptor& type, std::vector<const pb::Descriptor*>& into) {
  if (!is_ours(type) || std::ranges::find(into, &type) != into.end()) return;
  into.push_back(&type);
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    const auto* inner =
        field.is_map() ? field.message_type()->map_value()->message_type() : field.message_type();
    if (inner != nullptr) collect(*inner, into);
  }
}

// A comment on one line, as part of a table.
template <typename D>
std::string comment_of(const D& descriptor) {
  pb::SourceLocation location;
  std::string text;
  if (!descriptor.GetSourceLocation(&location)) return text;
  std::istringstream words(location.leading_comments);
  for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

// As the page's heading makes it.
std::string link_to(const pb::Descriptor& type) {
  std::string anchor;
  for (char c : type.full_name()) {
    if (c != '.') anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return "[" + type.name() + "](#" + anchor + ")";
}

std::string kind_of(const pb::FieldDescriptor& field) {
  if (field.is_map()) {
    const pb::Descriptor& entry = *field.message_type();
    return "map of " + kind_of(*entry.map_key()) + " to " + kind_of(*entry.map_value());
  }
  std::string kind = field.type_name();
  if (const pb::Descriptor* type = field.message_type()) {
    kind = is_ours(*type) ? link_to(*type) : type->name();
  } else if (const pb::EnumDescriptor* names = field.enum_type()) {
    kind.clear();
    for (int i = 0; i < names->value_count(); ++i) {
      kind += (i == 0 ? "`" : ", `") + names->value(i)->name() + "`";
    }
  }
  return field.is_repeated() ? "list of " + kind : kind;
}

std::string describe(const pb::Descriptor& type) {
  std::string text = "\n## " + type.full_name() + "\n";
  if (const std::string comment = comment_of(type); !comment.empty()) text += "\n" + comment + "\n";
  if (type.field_count() == 0) return text + "\nNo fields.\n";
  text += "\n| field | number | kind | meaning |\n|---|---|---|---|\n";
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    std::string meaning = comment_of(field);
    if (const auto* oneof = field.real_containing_oneof(); oneof && oneof->field_count() > 1) {
      meaning += (meaning.empty() ? "" : " ") + ("One of `" + oneof->name() + "`.");
    }
    text += "| `" + field.name() + "` | " + std::to_string(field.number()) + " | " +
            kind_of(field) + " | " + meaning + (meaning.empty() ? "|\n" : " |\n");
  }
  return text;
}

std::string make_page() {
  std::ifstream in(WEIR_PROTO_DESCRIPTORS, std::ios::binary);
  pb::FileDescriptorSet set;
  EXPECT_TRUE(set.ParseFromIstream(&in));
  pb::DescriptorPool pool;
  for (const auto& file : set.file()) EXPECT_NE(pool.BuildFile(file), nullptr) << file.name();
  std::vector<const pb::Descriptor*> types;
  for (const std::string& name : root_messages()) {
    const pb::Descriptor* type = pool.FindMessageTypeByName(name);
    EXPECT_NE(type, nullptr) << name;
    if (type != nullptr) collect(*type, types);
  }
  std::string page =
      "# Supported fields\n\n"
      "Every message and field that a configuration may have. What is not here is an error. "
      "Names,\n"
      "numbers and kinds of `envoy.` messages are Envoy's; [configuration.md](configuration.md) "
      "says\n"
      "more about them.\n\n"
      "`scripts/supported_fields.sh` makes this page out of `src/config/proto`.\n";
  for (const pb::Descriptor* type : types) page += describe(*type);
  return page;
}

TEST(SupportedFieldsTest, ThePageIsCurrent) {
  const std::string page = make_page();
  if (std::getenv("WEIR_UPDATE_DOCS") != nullptr) {
    std::ofstream(kPage) << page;
    return;
  }
  std::ifstream in(kPage);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), page) << "run scripts/supported_fields.sh";
}

}  // namespace
}  // namespace weir::test
