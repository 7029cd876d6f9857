#include "config/document.h"

#include "base/lower_case.h"
#include "config/document_builder.h"
#include "config/json_reader.h"
#include "config/yaml_reader.h"

namespace weir::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The length of the UTF-8 character at the start of `text`, or 0 if there is none.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return follows(1) ? 2 : 0;
  if (first < 0xf0) {
    bool overlong = first == 0xe0 && byte(1) < 0xa0;
    bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  bool in_range = first < 0xf4 || (first == 0xf4 && byte(1) < 0x90);
  bool overlong = first == 0xf0 && byte(1) < 0x90;
  return in_range && follows(1) && follows(2) && follows(3) && !overlong ? 4 : 0;
}

// Fails at the first byte that is not text.
Done check_text(std::string_view text, const SourceMap& map) {
  Mark mark;
  while (!text.empty()) {
    size_t length = utf8_length(text);
    if (length == 0) return map.error(mark, "not UTF-8; save the file in that encoding");
    if (text[0] == '\0') return map.error(mark, "a NUL byte; the file is not a text");
    ++mark.column;
    if (text[0] == '\n') mark = {mark.line + 1, 1};
    text.remove_prefix(length);
  }
  return Unit{};
}

bool looks_like_json(std::string_view text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

void read(std::string_view text, std::string_view file_name, DocumentBuilder& builder) {
  bool is_json = lower_case(file_name).ends_with(".json");
  if (is_json || looks_like_json(text)) {
    if (read_json(text, builder, is_json ? OnBadJson::Report : OnBadJson::Leave) || is_json) return;
    builder = DocumentBuilder();
  }
  read_yaml(text, builder);
}

}  // namespace

const Node& Document::root() const {
  static const Node kNothing;
  return root_ == nullptr ? kNothing : *root_;
}

Result<Document> parse_document(std::string_view text, std::string_view file_name) {
  SourceMap map(file_name);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.size() > kMaxFileBytes) {
    return map.error("", "it is larger than " + std::to_string(kMaxFileBytes >> 20) + " MiB" +
                             std::string(kTooLargeRemedy));
  }
  WEIR_TRY(check_text(text, map));
  DocumentBuilder builder;
  read(text, file_name, builder);
  if (builder.failure()) return map.error(builder.failure()->mark, builder.failure()->reason);
  return std::move(builder).take();
}

}  // namespace weir::config
