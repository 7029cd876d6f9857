#include "scenario/empty_expectations.h"

#include <weir/scenario/v1/scenario.pb.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace weir::scenario {
namespace {

using config::Place;
using google::protobuf::FieldDescriptor;

// Lists that have a word for being empty, beside them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNone{
    {{"calls", "CALLS"}, {"logs", "LOGS"}, {"callbacks", "CALLBACKS"}}};

Error empty_field(const Place& at, const FieldDescriptor& field) {
  const auto* none =
      std::ranges::find(kNone, field.name(), &std::pair<std::string_view, std::string_view>::first);
  if (none == kNone.end()) return says_nothing(at, "");
  return says_nothing(at, std::string("none: [").append(none->second).append("]"));
}

bool is_own_message(const FieldDescriptor& field) {
  return field.message_type() != nullptr && !field.is_map() &&
         field.message_type()->file() == v1::Expect::descriptor()->file();
}

bool is_set(const google::protobuf::Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

// These mean something without being set: no headers, no side, a queue without items.
bool may_be_empty(const FieldDescriptor& field) {
  return field.full_name() == "weir.scenario.v1.FieldsExpectation.exactly" ||
         field.full_name() == "weir.scenario.v1.TcpExpectation.closed" ||
         field.containing_type() == v1::Queue::descriptor();
}

// What a message of this type could say, where one that says nothing holds always; empty for those
// that mean something all the same: a request, a response, a local reply, a call, whatever it is.
std::string_view what_it_could_say(const google::protobuf::Descriptor& type) {
  if (&type == v1::FieldsExpectation::descriptor()) return "has, matches, lacks or exactly";
  if (&type == v1::TcpExpectation::descriptor()) return "upstream_gets, downstream_gets or closed";
  return "";
}

}  // namespace

Error says_nothing(const Place& at, std::string_view could_say) {
  std::string reason = "says nothing, and would hold whatever happens; leave it out";
  if (!could_say.empty()) reason.append(", or write ").append(could_say);
  return at.error(reason);
}

Done check_says_something(const google::protobuf::Message& expectation, const Place& at) {
  const auto& type = *expectation.GetDescriptor();
  const auto& reflection = *expectation.GetReflection();
  bool is_empty = true;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const Place here = at.field(field.name());
    if (!here.is_written()) continue;
    is_empty = false;
    if (may_be_empty(field)) continue;
    if (!is_set(expectation, field)) return empty_field(here, field);
    if (!is_own_message(field)) continue;
    if (!field.is_repeated()) {
      WEIR_TRY(check_says_something(reflection.GetMessage(expectation, &field), here));
      continue;
    }
    for (int item = 0; item < reflection.FieldSize(expectation, &field); ++item) {
      WEIR_TRY(check_says_something(reflection.GetRepeatedMessage(expectation, &field, item),
                                    here.item(static_cast<size_t>(item))));
    }
  }
  const std::string_view could_say = what_it_could_say(type);
  if (!is_empty || could_say.empty()) return Unit{};
  return says_nothing(at, could_say);
}

}  // namespace weir::scenario
