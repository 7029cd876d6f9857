#include "abi/header_map.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace weir::abi {
namespace {

// Offsets into the text are kept in 32 bits; removed text may take as much again, and the entry
// that replaces another once more.
constexpr size_t kMostBytes = size_t{1} << 30;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return std::ranges::equal(a, b, {}, lower, lower);
}

HeaderList::HeaderList(Limits limits) : limits_(limits) {
  WEIR_CHECK(limits.max_bytes <= kMostBytes);
}

HeaderList::HeaderList(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
  for (const auto& [name, value] : entries) WEIR_CHECK(add(name, value));
}

std::optional<std::string_view> HeaderList::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (same_name(name_of(entry), name)) return value_of(entry);
  }
  return std::nullopt;
}

void HeaderList::for_each(
    FunctionRef<void(std::string_view name, std::string_view value)> visit) const {
  for (const Entry& entry : entries_) visit(name_of(entry), value_of(entry));
}

bool HeaderList::add(std::string_view name, std::string_view value) {
  if (entries_.size() >= limits_.max_count) return false;
  if (!fits(live_bytes_, name.size(), value.size())) return false;
  entries_.push_back(append(name, value));
  live_bytes_ += entries_.back().size();
  return true;
}

bool HeaderList::replace(std::string_view name, std::string_view value) {
  const auto same = [&](const Entry& entry) { return same_name(name_of(entry), name); };
  const auto first = std::ranges::find_if(entries_, same);
  if (first == entries_.end()) return add(name, value);

  size_t others = live_bytes_;
  for (auto entry = first; entry != entries_.end(); ++entry) {
    if (same(*entry)) others -= entry->size();
  }
  if (!fits(others, name.size(), value.size())) return false;
  entries_.erase(std::remove_if(first + 1, entries_.end(), same), entries_.end());
  *first = append(name, value);
  live_bytes_ = others + first->size();
  compact_if_wasteful();
  return true;
}

void HeaderList::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) {
    if (!same_name(name_of(entry), name)) return false;
    live_bytes_ -= entry.size();
    return true;
  });
  compact_if_wasteful();
}

void HeaderList::clear() {
  entries_.clear();
  text_.clear();
  live_bytes_ = 0;
}

bool HeaderList::fits(size_t others, size_t name_size, size_t value_size) const {
  if (name_size > limits_.max_bytes || value_size > limits_.max_bytes) return false;
  return others + name_size + value_size <= limits_.max_bytes;
}

HeaderList::Entry HeaderList::append(std::string_view name, std::string_view value) {
  const size_t start = text_.size();
  const size_t needed = start + name.size() + value.size();
  if (needed <= text_.capacity()) {
    text_.append(name).append(value);
  } else {
    // `name` and `value` may lie in the old block, which therefore lives on until they are copied.
    std::string grown;
    grown.reserve(std::max(needed, 2 * start));
    grown.append(text_).append(name).append(value);
    text_.swap(grown);
  }
  const auto stored = std::span(text_).subspan(start, name.size());
  std::ranges::transform(stored, stored.begin(), lower);
  return {.at = static_cast<uint32_t>(start),
          .name_size = static_cast<uint32_t>(name.size()),
          .value_size = static_cast<uint32_t>(value.size())};
}

void HeaderList::compact_if_wasteful() {
  constexpr size_t kTolerated = 4096;
  if (text_.size() - live_bytes_ <= std::max(live_bytes_, kTolerated)) return;
  std::string text;
  text.reserve(live_bytes_ + kTolerated);
  for (Entry& entry : entries_) {
    const auto at = static_cast<uint32_t>(text.size());
    text.append(text_, entry.at, entry.size());
    entry.at = at;
  }
  text_.swap(text);
}

}  // namespace weir::abi
