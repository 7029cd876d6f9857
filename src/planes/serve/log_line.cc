#include "planes/serve/log_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "planes/serve/log_values.h"

namespace weir::serve {
namespace {

using config::LogCommand;
using config::LogFormat;
using config::LogJson;
using config::LogPiece;
using config::LogText;

// A guest's words, and a client's, need not be UTF-8.
std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Envoy writes a value that has a type as JSON, so a text with its quotes.
bool is_quoted(const LogCommand& command) {
  return command.op == config::LogOperator::FilterState && command.other != "PLAIN";
}

void append_visible(std::string_view text, std::string& to) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7f) {
      to += c;
    } else {
      append_hex(to.append("\\x"), c);
    }
  }
}

void append_value(const LogCommand& command, const LogValue& value, std::string& to) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    to += std::to_string(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_visible(is_quoted(command) ? json_text(*text) : *text, to);
  }
}

void append_text(const LogText& pieces, bool omit_empty, LogRecord& record, std::string& to) {
  for (const LogPiece& piece : pieces) {
    if (const auto* plain = std::get_if<std::string>(&piece)) {
      to += *plain;
      continue;
    }
    const auto& command = std::get<LogCommand>(piece);
    const LogValue value = log_value(command, record);
    if (value.index() == 0 && !omit_empty) to += '-';
    append_value(command, value, to);
  }
}

class JsonWriter {
 public:
  JsonWriter(const LogFormat& format, LogRecord& record, std::string& to)
      : format_(format), record_(record), to_(to) {}

  void write(const LogJson& json) {
    if (const auto* literal = std::get_if<LogJson::Literal>(&json.value)) {
      to_ += literal->json;
    } else if (const auto* text = std::get_if<LogText>(&json.value)) {
      write_value(value_of(*text));
    } else if (const auto* object = std::get_if<LogJson::Object>(&json.value)) {
      write_members(object->members);
    } else {
      write_items(std::get<LogJson::List>(json.value).items);
    }
  }

 private:
  // A text that is one operator keeps the kind of its value.
  LogValue value_of(const LogText& text) {
    if (text.size() == 1 && std::holds_alternative<LogCommand>(text[0])) {
      LogValue value = log_value(std::get<LogCommand>(text[0]), record_);
      if (!format_.texts_only) return value;
    }
    std::string line;
    append_text(text, format_.omit_empty, record_, line);
    return line;
  }

  void write_value(const LogValue& value) {
    if (const auto* number = std::get_if<int64_t>(&value)) {
      to_ += std::to_string(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      to_ += json_text(*text);
    } else {
      to_ += "null";
    }
  }

  void write_members(const std::vector<LogJson>& members) {
    to_ += '{';
    bool first = true;
    for (const LogJson& member : members) {
      if (format_.omit_empty && is_empty(member)) continue;
      if (!std::exchange(first, false)) to_ += ',';
      to_ += json_text(member.key) + ':';
      write(member);
    }
    to_ += '}';
  }

  void write_items(const std::vector<LogJson>& items) {
    to_ += '[';
    bool first = true;
    for (const LogJson& json : items) {
      if (format_.omit_empty && is_empty(json)) continue;
      if (!std::exchange(first, false)) to_ += ',';
      write(json);
    }
    to_ += ']';
  }

  // Also an object that has nothing left.
  bool is_empty(const LogJson& json) {
    const auto is_empty_too = [this](const LogJson& part) { return is_empty(part); };
    if (const auto* object = std::get_if<LogJson::Object>(&json.value)) {
      return std::ranges::all_of(object->members, is_empty_too);
    }
    if (const auto* list = std::get_if<LogJson::List>(&json.value)) {
      return std::ranges::all_of(list->items, is_empty_too);
    }
    const auto* text = std::get_if<LogText>(&json.value);
    if (text == nullptr || text->size() != 1) return false;
    const auto* command = std::get_if<LogCommand>(&text->front());
    return command != nullptr && log_value(*command, record_).index() == 0;
  }

  const LogFormat& format_;
  LogRecord& record_;
  std::string& to_;
};

}  // namespace

void append_log_line(const LogFormat& format, LogRecord& record, std::string& to) {
  if (const auto* text = std::get_if<LogText>(&format.line)) {
    return append_text(*text, format.omit_empty, record, to);
  }
  JsonWriter(format, record, to).write(std::get<LogJson>(format.line));
  to += '\n';
}

}  // namespace weir::serve
