#include "config/source_map.h"

namespace weir::config {
namespace {

// Names of messages are shorter.
constexpr size_t kMaxQuoted = 120;

// The first kMaxQuoted bytes or a little less: a character stays whole.
std::string_view shorten(std::string_view text) {
  if (text.size() <= kMaxQuoted) return text;
  size_t end = kMaxQuoted;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// `text` without what would break a line of a log.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : shorten(text)) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? '?' : c;
  }
  if (text.size() > kMaxQuoted) out += "...";
  return out;
}

std::string_view parent_of(std::string_view path) {
  size_t end = path.find_last_of(".[");
  return end == std::string_view::npos ? "" : path.substr(0, end);
}

}  // namespace

std::string quote(std::string_view text) { return "'" + printable(text) + "'"; }

const Mark* SourceMap::find_nearest(std::string_view path) const {
  for (;; path = parent_of(path)) {
    if (auto found = marks_.find(path); found != marks_.end()) return &found->second;
    if (path.empty()) return nullptr;
  }
}

Error SourceMap::error(std::string_view path, std::string_view reason) const {
  std::string message =
      path.empty() ? std::string(reason) : std::string(path) + ": " + std::string(reason);
  if (const Mark* mark = find_nearest(path)) return error(*mark, message);
  if (!file_name_.empty()) message.insert(0, file_name_ + ": ");
  return {ErrorCode::BadConfig, std::move(message)};
}

std::string SourceMap::describe(std::string_view path) const {
  std::string message = error(path, "").message;
  if (message.ends_with(": ")) message.resize(message.size() - 2);
  return message;
}

Error SourceMap::error(Mark mark, std::string_view reason) const {
  return {ErrorCode::BadConfig, file_name_ + ":" + std::to_string(mark.line) + ":" +
                                    std::to_string(mark.column) + ": " + std::string(reason)};
}

Place Place::field(std::string_view name) const {
  std::string path = path_.empty() ? "" : path_ + ".";
  return Place(*map_, path + printable(name));
}

Place Place::item(size_t index) const {
  return Place(*map_, path_ + "[" + std::to_string(index) + "]");
}

Place Place::entry(std::string_view key) const {
  return Place(*map_, path_ + "[" + quote(key) + "]");
}

}  // namespace weir::config
