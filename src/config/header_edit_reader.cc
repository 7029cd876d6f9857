#include "config/header_edit_reader.h"

#include "base/lower_case.h"

#include <algorithm>

namespace weir::config {
namespace {

namespace core = envoy::config::core::v3;
using core::HeaderValueOption;

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos;
}

bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

Result<HeaderEdit::Action> read_action(const HeaderValueOption& message, const Place& at) {
  if (message.has_append()) {
    if (message.append_action() != HeaderValueOption::APPEND_IF_EXISTS_OR_ADD) {
      return at.field("append").error("not together with append_action; keep that one");
    }
    return message.append().value() ? HeaderEdit::Action::Append : HeaderEdit::Action::Overwrite;
  }
  switch (message.append_action()) {
    case HeaderValueOption::ADD_IF_ABSENT:
      return HeaderEdit::Action::AddIfAbsent;
    case HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD:
      return HeaderEdit::Action::Overwrite;
    case HeaderValueOption::OVERWRITE_IF_EXISTS:
      return HeaderEdit::Action::OverwriteIfPresent;
    default:
      return HeaderEdit::Action::Append;
  }
}

// "100%%" stands for "100%".
Result<std::string> read_value(const std::string& text, const Place& at) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_value_character(text[i])) return at.error("holds a control character");
    if (text[i] == '%') {
      if (i + 1 == text.size() || text[i + 1] != '%') {
        return at.error(quote(text) +
                        " has a command operator, which is not supported here; '%' itself is "
                        "written '%%'");
      }
      ++i;
    }
    value += text[i];
  }
  return value;
}

// What makes a message the message that it is cannot be edited like a header.
Done check_editable(const std::string& name, const Place& at) {
  if (!name.starts_with(':') && name != "host") return Unit{};
  return at.error(quote(name) + " cannot be edited here; a route rewrites paths and hosts");
}

}  // namespace

Result<std::string> read_header_name(const std::string& name, const Place& at) {
  const std::string lower = lower_case(name);
  const std::string_view token = std::string_view(lower).substr(lower.starts_with(':') ? 1 : 0);
  if (!token.empty() && std::ranges::all_of(token, is_token_character)) return lower;
  return at.error(name.empty() ? "empty; it is a header's name"
                               : quote(name) + " is not a header's name");
}

Result<std::string> read_header_text(const std::string& text, const Place& at) {
  if (std::ranges::all_of(text, is_value_character)) return text;
  return at.error("holds a control character, which no header can");
}

Result<HeaderEdits> read_header_edits(
    const google::protobuf::RepeatedPtrField<HeaderValueOption>& to_add, std::string_view added,
    const google::protobuf::RepeatedPtrField<std::string>& to_remove, std::string_view removed,
    const Place& at) {
  HeaderEdits edits;
  for (int i = 0; i < to_remove.size(); ++i) {
    const Place here = at.field(removed).item(static_cast<size_t>(i));
    WEIR_TRY(std::string name, read_header_name(to_remove[i], here));
    WEIR_TRY(check_editable(name, here));
    edits.remove.push_back(std::move(name));
  }
  for (int i = 0; i < to_add.size(); ++i) {
    const HeaderValueOption& option = to_add[i];
    const Place here = at.field(added).item(static_cast<size_t>(i));
    const Place header = here.field("header");
    HeaderEdit edit;
    WEIR_TRY(edit.name, read_header_name(option.header().key(), header.field("key")));
    WEIR_TRY(check_editable(edit.name, header.field("key")));
    WEIR_TRY(edit.value, read_value(option.header().value(), header.field("value")));
    WEIR_TRY(edit.action, read_action(option, here));
    if (edit.value.empty() && !option.keep_empty_value()) continue;
    edits.add.push_back(std::move(edit));
  }
  return edits;
}

}  // namespace weir::config
