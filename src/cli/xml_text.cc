#include "cli/xml_text.h"

#include "base/printable.h"

namespace weir::cli {
namespace {

// U+FFFE and U+FFFF: UTF-8, but no characters of XML.
constexpr std::string_view kNoCharacters[] = {"\xef\xbf\xbe", "\xef\xbf\xbf"};
constexpr std::string_view kShown[] = {"\\xef\\xbf\\xbe", "\\xef\\xbf\\xbf"};

void append_line(std::string_view line, std::string& out) {
  const std::string shown = printable(line);
  for (size_t at = 0; at < shown.size(); ++at) {
    const std::string_view rest = std::string_view(shown).substr(at);
    switch (shown[at]) {
      case '&':
        out += "&amp;";
        continue;
      case '<':
        out += "&lt;";
        continue;
      case '>':
        out += "&gt;";
        continue;
      case '"':
        out += "&quot;";
        continue;
      default:
        break;
    }
    if (rest.starts_with(kNoCharacters[0]) || rest.starts_with(kNoCharacters[1])) {
      out += rest.starts_with(kNoCharacters[0]) ? kShown[0] : kShown[1];
      at += kNoCharacters[0].size() - 1;
    } else {
      out += shown[at];
    }
  }
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    append_line(text.substr(0, end), out);
    out += '\n';
    text.remove_prefix(end + 1);
  }
  append_line(text, out);
  return out;
}

}  // namespace weir::cli
