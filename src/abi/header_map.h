#pragma once
// Header maps: what a plane offers to plugins, and a list that implements it.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"

namespace weir::abi {

// Headers, trailers or metadata in order. Names are lower case and compared without regard to case;
// pseudo-headers (":path") are entries like any other and come first. A plane implements it over
// what its proxy holds. Views it hands out are valid until the map changes.
// Thread: the stream's.
class HeaderMap {
 public:
  virtual ~HeaderMap() = default;

  // The number of entries.
  virtual size_t count() const = 0;

  // The value of the first entry of that name.
  virtual std::optional<std::string_view> find(std::string_view name) const = 0;

  // Visits the entries in order.
  virtual void for_each(
      FunctionRef<void(std::string_view name, std::string_view value)> visit) const = 0;

  // Appends an entry. False: the plane's limit on header size or count forbids it, or the proxy
  // does not allow that name or value.
  [[nodiscard]] virtual bool add(std::string_view name, std::string_view value) = 0;

  // Leaves one entry of that name, with this value, in the place of the first or at the end.
  // False: as for add().
  [[nodiscard]] virtual bool replace(std::string_view name, std::string_view value) = 0;

  // Removes every entry of that name.
  virtual void remove(std::string_view name) = 0;

  virtual void clear() = 0;
};

// A header map that owns its text, in one block: adding a header does not allocate once the block
// has its size. Names are stored in lower case. A name or value given to it may be a view of its
// own.
class HeaderList final : public HeaderMap {
 public:
  struct Limits {
    size_t max_bytes = 1 << 20;  // names and values together; at most 1 GiB
    size_t max_count = 4096;
  };

  HeaderList() = default;
  explicit HeaderList(Limits limits);
  HeaderList(std::initializer_list<std::pair<std::string_view, std::string_view>> entries);

  size_t count() const override { return entries_.size(); }
  std::optional<std::string_view> find(std::string_view name) const override;
  void for_each(
      FunctionRef<void(std::string_view name, std::string_view value)> visit) const override;
  bool add(std::string_view name, std::string_view value) override;
  bool replace(std::string_view name, std::string_view value) override;
  void remove(std::string_view name) override;
  void clear() override;

  // Makes room, so that adding does not allocate.
  void reserve(size_t bytes, size_t count) {
    text_.reserve(bytes);
    entries_.reserve(count);
  }

  bool empty() const { return entries_.empty(); }

  // Names and values together, in bytes.
  size_t byte_size() const { return live_bytes_; }

  std::string_view name(size_t i) const { return name_of(entries_[i]); }
  std::string_view value(size_t i) const { return value_of(entries_[i]); }

 private:
  // The bytes of an entry lie together, the name first.
  struct Entry {
    uint32_t at;
    uint32_t name_size;
    uint32_t value_size;

    size_t size() const { return size_t{name_size} + value_size; }
  };

  std::string_view name_of(const Entry& e) const { return {text_.data() + e.at, e.name_size}; }
  std::string_view value_of(const Entry& e) const {
    return {text_.data() + e.at + e.name_size, e.value_size};
  }
  // Whether an entry may stand beside others of so many bytes.
  bool fits(size_t others, size_t name_size, size_t value_size) const;
  // Copies both to the end of the text; they may be views into it.
  Entry append(std::string_view name, std::string_view value);
  void compact_if_wasteful();

  Limits limits_;
  std::string text_;
  std::vector<Entry> entries_;
  size_t live_bytes_ = 0;
};

// Whether two header names are the same, regardless of ASCII case.
bool same_name(std::string_view a, std::string_view b);

}  // namespace weir::abi
