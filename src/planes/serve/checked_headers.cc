#include "planes/serve/checked_headers.h"

#include <algorithm>
#include <string>

#include "planes/common/field_rules.h"

namespace weir::serve {
namespace {

constexpr std::string_view kRequestPseudoHeaders[] = {":method", ":path", ":scheme", ":authority"};

bool is_pseudo(std::string_view name) { return name.starts_with(':'); }

}  // namespace

std::string_view CheckedHeaders::real_name(std::string_view name) const {
  return kind_ == Kind::Request && abi::same_name(name, "host") ? ":authority" : name;
}

bool CheckedHeaders::allows(std::string_view name, std::string_view value) const {
  if (!planes::is_valid_value(value)) return false;
  if (!is_pseudo(name)) {
    return planes::is_valid_name(name) && !planes::is_hop_by_hop(name);
  }
  const auto is_name = [&](std::string_view known) { return abi::same_name(name, known); };
  switch (kind_) {
    case Kind::Request:
      return std::ranges::any_of(kRequestPseudoHeaders, is_name);
    case Kind::Response:
      return is_name(":status");
    case Kind::Trailers:
      return false;
  }
  return false;
}

bool CheckedHeaders::add(std::string_view name, std::string_view value) {
  name = real_name(name);
  if (!allows(name, value)) return false;
  return is_pseudo(name) ? list_.replace(name, value) : list_.add(name, value);
}

bool CheckedHeaders::replace(std::string_view name, std::string_view value) {
  name = real_name(name);
  return allows(name, value) && list_.replace(name, value);
}

void put_pseudo_headers_first(abi::HeaderList& list) {
  size_t leading = 0;
  while (leading < list.count() && is_pseudo(list.name(leading))) ++leading;
  bool in_order = true;
  for (size_t i = leading; i < list.count(); ++i) in_order &= !is_pseudo(list.name(i));
  if (in_order) return;

  abi::HeaderList sorted;
  for (bool pseudo : {true, false}) {
    for (size_t i = 0; i < list.count(); ++i) {
      // The entries fitted into `list`, whose limits are no wider.
      if (is_pseudo(list.name(i)) == pseudo) {
        static_cast<void>(sorted.add(list.name(i), list.value(i)));
      }
    }
  }
  list = std::move(sorted);
}

}  // namespace weir::serve
