#pragma once
// The header maps that plugins get: a message's own list, behind the rules of HTTP.

#include "abi/header_map.h"

namespace weir::serve {

// Lets a plugin read and change a HeaderList, and refuses what must not go onto a connection: names
// that are no tokens, values with line breaks, headers that belong to one connection, unknown
// pseudo-headers. `host` in a request means `:authority`. Thread: the stream's.
class CheckedHeaders final : public abi::HeaderMap {
 public:
  enum class Kind : uint8_t { Request, Response, Trailers };

  CheckedHeaders(Kind kind, abi::HeaderList& list) : kind_(kind), list_(list) {}

  size_t count() const override { return list_.count(); }
  std::optional<std::string_view> find(std::string_view name) const override {
    return list_.find(real_name(name));
  }
  void for_each(
      FunctionRef<void(std::string_view name, std::string_view value)> visit) const override {
    list_.for_each(visit);
  }
  // A pseudo-header exists once: it is replaced.
  bool add(std::string_view name, std::string_view value) override;
  bool replace(std::string_view name, std::string_view value) override;
  void remove(std::string_view name) override { list_.remove(real_name(name)); }
  void clear() override { list_.clear(); }

 private:
  std::string_view real_name(std::string_view name) const;
  bool allows(std::string_view name, std::string_view value) const;

  Kind kind_;
  abi::HeaderList& list_;
};

// Moves pseudo-headers before all others, where a plugin has left them behind one.
void put_pseudo_headers_first(abi::HeaderList& list);

}  // namespace weir::serve
