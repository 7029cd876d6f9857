#include "abi/map_codec.h"

#include <cstring>
#include <optional>

#include "base/check.h"

namespace weir::abi {
namespace {

constexpr size_t kWord = sizeof(uint32_t);
constexpr size_t kPairHeader = 2 * kWord;

// A source of pairs calls its argument with each name and value in turn.
template <typename Source>
uint64_t size_of(const Source& source) {
  uint64_t size = kWord;
  source([&](std::string_view name, std::string_view value) {
    size += kPairHeader + name.size() + 1 + value.size() + 1;
  });
  return size;
}

// Writes at a place that moves on. Fails loudly where a map changed between its size and its bytes.
class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_(out) {}

  void number(size_t value) {
    WEIR_CHECK(out_.size() >= kWord && value <= UINT32_MAX);
    store(out_.data(), static_cast<uint32_t>(value));
    out_ = out_.subspan(kWord);
  }
  void text(std::string_view text) {
    WEIR_CHECK(out_.size() > text.size());
    if (!text.empty()) std::memcpy(out_.data(), text.data(), text.size());
    out_[text.size()] = std::byte{0};
    out_ = out_.subspan(text.size() + 1);
  }
  bool full() const { return out_.empty(); }

 private:
  std::span<std::byte> out_;
};

template <typename Source>
void write(const Source& source, size_t count, std::span<std::byte> out) {
  const uint64_t lengths_size = kWord + uint64_t{count} * kPairHeader;
  WEIR_CHECK(lengths_size <= out.size());
  Writer lengths(out.first(lengths_size));
  Writer texts(out.subspan(lengths_size));
  lengths.number(count);
  source([&](std::string_view name, std::string_view value) {
    lengths.number(name.size());
    lengths.number(value.size());
    texts.text(name);
    texts.text(value);
  });
  WEIR_CHECK(lengths.full() && texts.full());
}

template <typename Source>
std::string encode_property(const Source& source, size_t count) {
  std::string text(size_of(source), '\0');
  write(source, count, std::as_writable_bytes(std::span(text)));
  return text;
}

auto entries_of(const HeaderMap& map) {
  return [&map](auto&& sink) { map.for_each(sink); };
}

// A guest's map of at least one pair, which has room for its lengths.
class Encoded {
 public:
  Encoded(Bytes map, uint32_t count)
      : map_(map), count_(count), texts_at_(kWord + uint64_t{count} * kPairHeader) {}

  uint32_t count() const { return count_; }
  uint64_t texts_at() const { return texts_at_; }
  uint32_t name_size(uint32_t pair) const { return number(kWord + pair * kPairHeader); }
  uint32_t value_size(uint32_t pair) const { return number(kWord + pair * kPairHeader + kWord); }
  bool nul_at(uint64_t at) const { return map_[at] == std::byte{0}; }
  std::string_view text(uint64_t at, uint32_t size) const {
    return as_text(map_.subspan(at, size));
  }

 private:
  uint32_t number(size_t at) const { return load<uint32_t>(map_.data() + at); }

  Bytes map_;
  uint32_t count_;
  uint64_t texts_at_;
};

bool is_empty(Bytes map) {
  if (map.empty()) return true;
  if (map.size() == 1) return map[0] == std::byte{0};
  return map.size() == kWord && load<uint32_t>(map.data()) == 0;
}

}  // namespace

uint64_t encoded_map_size(const HeaderMap& map) {
  return map.count() == 0 ? 0 : size_of(entries_of(map));
}

void encode_map(const HeaderMap& map, std::span<std::byte> out) {
  if (map.count() == 0) {
    WEIR_CHECK(out.empty());
    return;
  }
  write(entries_of(map), map.count(), out);
}

std::string encode_property_map(const HeaderMap& map) {
  return encode_property(entries_of(map), map.count());
}

std::string encode_property_map(std::span<const std::pair<std::string, std::string>> map) {
  const auto source = [map](auto&& sink) {
    for (const auto& [name, value] : map) sink(name, value);
  };
  return encode_property(source, map.size());
}

std::string encode_property_list(std::span<const std::string> list) {
  const auto source = [list](auto&& sink) {
    for (const std::string& item : list) sink(item, {});
  };
  return encode_property(source, list.size());
}

std::string_view to_string(MapFault fault) {
  switch (fault) {
    case MapFault::None:
      return "well-formed";
    case MapFault::TooLong:
      return "longer than 1 MiB";
    case MapFault::TooManyPairs:
      return "more than 1024 pairs";
    case MapFault::Truncated:
      return "shorter than its lengths say";
    case MapFault::MissingNul:
      return "a name or value without its NUL";
    case MapFault::TrailingBytes:
      return "bytes behind the last pair";
  }
  return "(unknown fault)";
}

MapFault check_map(Bytes map) {
  if (is_empty(map)) return MapFault::None;
  if (map.size() > kMaxMapBytes) return MapFault::TooLong;
  if (map.size() < kWord) return MapFault::Truncated;
  const auto count = load<uint32_t>(map.data());
  if (count > kMaxMapPairs) return MapFault::TooManyPairs;
  const Encoded encoded(map, count);
  uint64_t at = encoded.texts_at();
  if (at > map.size()) return MapFault::Truncated;
  for (uint32_t pair = 0; pair < count; ++pair) {
    for (const uint64_t size : {encoded.name_size(pair), encoded.value_size(pair)}) {
      if (size >= map.size() - at) return MapFault::Truncated;
      if (!encoded.nul_at(at + size)) return MapFault::MissingNul;
      at += size + 1;
    }
  }
  return at == map.size() ? MapFault::None : MapFault::TrailingBytes;
}

bool decode_map(Bytes map, FunctionRef<bool(std::string_view, std::string_view)> visit) {
  if (check_map(map) != MapFault::None) return false;
  if (is_empty(map)) return true;
  const Encoded encoded(map, load<uint32_t>(map.data()));
  uint64_t at = encoded.texts_at();
  for (uint32_t pair = 0; pair < encoded.count(); ++pair) {
    const std::string_view name = encoded.text(at, encoded.name_size(pair));
    at += name.size() + 1;
    const std::string_view value = encoded.text(at, encoded.value_size(pair));
    at += value.size() + 1;
    if (!visit(name, value)) return false;
  }
  return true;
}

}  // namespace weir::abi
