// Weir's messages are Envoy's on the wire: each field that Weir has is Envoy's field of that name,
// number and type, and the messages about plugins have all of them. Envoy's side is its own
// definitions (scripts/setup/envoy-api.sh).

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "config/complete_file.h"
#include "config/known_types.h"
#include "config/loader.h"
#include "config/trial.h"
#include "config/wire_form.h"
#include "weir/envoy/bootstrap.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;
using envoy::config::bootstrap::v3::Bootstrap;

class EnvoyApi {
 public:
  bool load() {
    std::ifstream in(WEIR_ENVOY_API, std::ios::binary);
    pb::FileDescriptorSet set;
    if (!in || !set.ParseFromIstream(&in)) return false;
    for (const auto& file : set.file()) {
      if (!database_.Add(file)) return false;
    }
    return true;
  }

  const pb::Descriptor* find(const std::string& name) const {
    return pool_.FindMessageTypeByName(name);
  }
  std::unique_ptr<pb::Message> make(const std::string& name) {
    return std::unique_ptr<pb::Message>(factory_.GetPrototype(find(name))->New());
  }

 private:
  pb::SimpleDescriptorDatabase database_;
  pb::DescriptorPool pool_{&database_};
  pb::DynamicMessageFactory factory_;
};

// The types of messages that Weir reads and Envoy has, with all that their fields hold.
void collect(const pb::Descriptor& type, std::map<std::string, const pb::Descriptor*>& into) {
  if (!type.full_name().starts_with("envoy.") || !into.emplace(type.full_name(), &type).second) {
    return;
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::Descriptor* inner = type.field(i)->message_type();
    if (inner == nullptr) continue;
    if (inner->options().map_entry()) inner = inner->map_value()->message_type();
    if (inner != nullptr) collect(*inner, into);
  }
}

std::map<std::string, const pb::Descriptor*> our_types() {
  std::map<std::string, const pb::Descriptor*> types;
  collect(*Bootstrap::descriptor(), types);
  for (const std::string& name : known_types()) {
    collect(*make_message("type.googleapis.com/" + name)->GetDescriptor(), types);
  }
  return types;
}

// Everything about a field that the wire, JSON or a reader of the message depends on.
std::string describe(const Field& field) {
  std::string text = field.name() + " " + field.json_name() + " " + std::to_string(field.number()) +
                     " " + (field.is_repeated() ? "repeated " : "") + field.type_name();
  if (field.is_map()) {
    return text + " map of " + describe(*field.message_type()->map_key()) + " to " +
           describe(*field.message_type()->map_value());
  }
  if (field.message_type() != nullptr) text += " " + field.message_type()->full_name();
  if (field.enum_type() != nullptr) text += " " + field.enum_type()->full_name();
  if (field.real_containing_oneof() != nullptr)
    text += " in " + field.real_containing_oneof()->name();
  return text;
}

// Of a message's fields, by name.
std::map<std::string, std::string> describe(const pb::Descriptor& type) {
  std::map<std::string, std::string> fields;
  for (int i = 0; i < type.field_count(); ++i) {
    fields.emplace(type.field(i)->name(), describe(*type.field(i)));
  }
  return fields;
}

std::map<std::string, int> describe(const pb::EnumDescriptor& type) {
  std::map<std::string, int> values;
  for (int i = 0; i < type.value_count(); ++i) {
    values.emplace(type.value(i)->name(), type.value(i)->number());
  }
  return values;
}

// The messages about plugins and their code: nothing of them is left out.
bool is_whole(const std::string& name) {
  static const std::set<std::string> kCore = {
      "envoy.config.core.v3.AsyncDataSource",  "envoy.config.core.v3.BackoffStrategy",
      "envoy.config.core.v3.DataSource",       "envoy.config.core.v3.HttpUri",
      "envoy.config.core.v3.RemoteDataSource", "envoy.config.core.v3.WatchedDirectory"};
  return name.find(".wasm.v3.") != std::string::npos || kCore.contains(name);
}

// Deeper messages stay empty: some hold others of their own kind.
constexpr int kDeepest = 12;

// Gives each field that `ours` has a value of its own in `theirs`; of the members of a oneof the
// one of that turn.
void fill(const pb::Descriptor& ours, pb::Message& theirs, size_t turn, int depth = 0);

// An enumeration gets a value that `ours` has.
void set_scalar(const Field& ours, pb::Message& message, const Field& field, int salt) {
  const pb::Reflection& reflection = *message.GetReflection();
  const std::string text = field.name() + std::to_string(salt);
  const auto put = [&](auto set, auto add, auto value) {
    if (field.is_repeated()) {
      (reflection.*add)(&message, &field, value);
    } else {
      (reflection.*set)(&message, &field, value);
    }
  };
  using R = pb::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_BOOL:
      return put(&R::SetBool, &R::AddBool, true);
    case Field::CPPTYPE_INT32:
      return put(&R::SetInt32, &R::AddInt32, -field.number() - salt);
    case Field::CPPTYPE_INT64:
      return put(&R::SetInt64, &R::AddInt64, int64_t{-7'000'000'000} - salt);
    case Field::CPPTYPE_UINT32:
      return put(&R::SetUInt32, &R::AddUInt32, 4'000'000'000u + static_cast<uint32_t>(salt));
    case Field::CPPTYPE_UINT64:
      return put(&R::SetUInt64, &R::AddUInt64, uint64_t{1} << 60);
    case Field::CPPTYPE_FLOAT:
      return put(&R::SetFloat, &R::AddFloat, 1.5F);
    case Field::CPPTYPE_DOUBLE:
      return put(&R::SetDouble, &R::AddDouble, 2.5);
    case Field::CPPTYPE_ENUM: {
      const pb::EnumDescriptor& type = *ours.enum_type();
      return put(&R::SetEnumValue, &R::AddEnumValue, type.value(type.value_count() - 1)->number());
    }
    case Field::CPPTYPE_STRING:
      return put(&R::SetString, &R::AddString,
                 field.type() == Field::TYPE_BYTES ? text + std::string("\0\xff", 2) : text);
    case Field::CPPTYPE_MESSAGE:
      break;
  }
  FAIL() << field.full_name();
}

void set_field(const Field& ours, pb::Message& theirs, const Field& field, size_t turn, int depth) {
  const pb::Reflection& reflection = *theirs.GetReflection();
  const int count = field.is_repeated() ? 2 : 1;
  for (int i = 0; i < count; ++i) {
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE) {
      set_scalar(ours, theirs, field, i);
      continue;
    }
    pb::Message& inner = field.is_repeated() ? *reflection.AddMessage(&theirs, &field)
                                             : *reflection.MutableMessage(&theirs, &field);
    if (field.is_map()) {
      const pb::Descriptor& entry = *field.message_type();
      set_scalar(*ours.message_type()->map_key(), inner, *entry.map_key(), i);
      set_field(*ours.message_type()->map_value(), inner, *entry.map_value(), turn, depth);
    } else {
      fill(*ours.message_type(), inner, turn, depth + 1);
    }
  }
}

void fill(const pb::Descriptor& ours, pb::Message& theirs, size_t turn, int depth) {
  if (depth > kDeepest) return;
  for (int i = 0; i < ours.field_count(); ++i) {
    const Field& field = *ours.field(i);
    const pb::OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof != nullptr) {
      const auto members = static_cast<size_t>(oneof->field_count());
      if (oneof->field(static_cast<int>(turn % members)) != &field) continue;
    }
    const Field* their_field = theirs.GetDescriptor()->FindFieldByName(field.name());
    ASSERT_NE(their_field, nullptr) << field.full_name();
    set_field(field, theirs, *their_field, turn, depth);
  }
}

std::string to_text(const pb::Message& message) {
  std::string text;
  pb::TextFormat::PrintToString(message, &text);
  return text;
}

class EnvoyApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(WEIR_ENVOY_API)) {
      const char* ci = std::getenv("CI");
      const std::string missing =
          "Envoy's definitions are missing: run scripts/setup/envoy-api.sh and configure again";
      if (ci != nullptr && std::string(ci) == "true") FAIL() << missing;
      GTEST_SKIP() << missing;
    }
    ASSERT_TRUE(envoy.load());
  }

  EnvoyApi envoy;
};

TEST_F(EnvoyApiTest, EachFieldIsEnvoysFieldOfThatName) {
  const auto types = our_types();
  EXPECT_GT(types.size(), 30u);
  for (const auto& [name, ours] : types) {
    const pb::Descriptor* theirs = envoy.find(name);
    ASSERT_NE(theirs, nullptr) << name
                               << ": import its Go package in tests/config/envoy_api/main.go";
    const auto their_fields = describe(*theirs);
    for (const auto& [field, description] : describe(*ours)) {
      ASSERT_TRUE(their_fields.contains(field)) << name << "." << field;
      EXPECT_EQ(description, their_fields.at(field)) << name;
    }
  }
}

TEST_F(EnvoyApiTest, EachEnumeratorIsEnvoysOfThatName) {
  for (const auto& [name, ours] : our_types()) {
    for (int i = 0; i < ours->field_count(); ++i) {
      const pb::EnumDescriptor* ours_enum = ours->field(i)->enum_type();
      if (ours_enum == nullptr) continue;
      const auto* field = envoy.find(name)->FindFieldByName(ours->field(i)->name());
      const auto theirs = describe(*field->enum_type());
      for (const auto& [value, number] : describe(*ours_enum)) {
        ASSERT_TRUE(theirs.contains(value)) << ours_enum->full_name() << "." << value;
        EXPECT_EQ(number, theirs.at(value)) << ours_enum->full_name() << "." << value;
      }
      if (!is_whole(name)) continue;
      EXPECT_EQ(describe(*ours_enum), theirs) << ours_enum->full_name();
    }
  }
}

TEST_F(EnvoyApiTest, MessagesAboutPluginsHaveAllOfEnvoysFields) {
  size_t whole = 0;
  for (const auto& [name, ours] : our_types()) {
    if (!is_whole(name)) continue;
    ++whole;
    EXPECT_EQ(describe(*ours), describe(*envoy.find(name))) << name;
  }
  EXPECT_EQ(whole, 16u);
}

// What Envoy itself does not use where bytes are fetched.
TEST_F(EnvoyApiTest, RetriesOfFetchesHaveTheFieldsThatCount) {
  auto theirs = describe(*envoy.find("envoy.config.core.v3.RetryPolicy"));
  for (const char* unused : {"retry_on", "retry_priority", "retry_host_predicate",
                             "host_selection_retry_max_attempts"}) {
    EXPECT_EQ(theirs.erase(unused), 1u) << unused;
  }
  EXPECT_EQ(describe(*our_types().at("envoy.config.core.v3.RetryPolicy")), theirs);
}

TEST_F(EnvoyApiTest, MessagesPassFromEnvoyToWeirAndBack) {
  constexpr size_t kTurns = 8;  // as many as a oneof has members at most
  for (const auto& [name, type] : our_types()) {
    for (size_t turn = 0; turn < kTurns; ++turn) {
      auto theirs = envoy.make(name);
      fill(*type, *theirs, turn);
      const std::string wire = to_wire_form(*theirs);
      std::unique_ptr<pb::Message> ours(
          pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
      ASSERT_TRUE(ours->ParseFromString(wire)) << name;
      // Unknown fields would be printed by number.
      EXPECT_EQ(to_text(*ours), to_text(*theirs)) << name;
      EXPECT_EQ(to_wire_form(*ours), wire) << name;
      auto back = envoy.make(name);
      ASSERT_TRUE(back->ParseFromString(to_wire_form(*ours)));
      EXPECT_TRUE(pb::util::MessageDifferencer::Equals(*back, *theirs)) << name;
    }
  }
}

TEST_F(EnvoyApiTest, AFileThatEnvoysDefinitionsWriteIsReadAsStrictly) {
  Bootstrap ours;
  ASSERT_TRUE(load_message(test::complete_file("Wasm", ""), "written.yaml", ours).ok());
  auto theirs = envoy.make(ours.GetTypeName());
  ASSERT_TRUE(theirs->ParseFromString(ours.SerializeAsString()));
  test::Trial trial;
  auto outcome = trial.check("weir.pb", to_wire_form(*theirs));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");

  const Field* runtime = theirs->GetDescriptor()->FindFieldByName("layered_runtime");
  theirs->GetReflection()->MutableMessage(theirs.get(), runtime);
  outcome = trial.check("weir.pb", to_wire_form(*theirs));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "weir check: " + trial.path("weir.pb") + ": " + ours.GetTypeName() +
                             " has no field " + std::to_string(runtime->number()) + "\n");
}

}  // namespace
}  // namespace weir::config
