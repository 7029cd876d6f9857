#include "planes/ats/message_header.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "planes/common/field_rules.h"

namespace weir::ats_plane {
namespace {

// Something inside of a header, released at the end of its scope.
class Part {
 public:
  Part(TSMBuffer buffer, TSMLoc parent, TSMLoc part)
      : buffer_(buffer), parent_(parent), part_(part) {}
  ~Part() {
    if (part_ != TS_NULL_MLOC) TSHandleMLocRelease(buffer_, parent_, part_);
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  TSMLoc get() const { return part_; }
  explicit operator bool() const { return part_ != TS_NULL_MLOC; }
  void move_to(TSMLoc part) {
    if (part_ != TS_NULL_MLOC) TSHandleMLocRelease(buffer_, parent_, part_);
    part_ = part;
  }

 private:
  TSMBuffer buffer_;
  TSMLoc parent_;
  TSMLoc part_;
};

std::string_view view(const char* text, int length) {
  return text == nullptr ? std::string_view() : std::string_view(text, static_cast<size_t>(length));
}

int size_of(std::string_view text) { return static_cast<int>(text.size()); }

TSMLoc url_of(TSMBuffer buffer, TSMLoc header) {
  TSMLoc url = TS_NULL_MLOC;
  return TSHttpHdrUrlGet(buffer, header, &url) == TS_SUCCESS ? url : TS_NULL_MLOC;
}

// A part of a URL by the function that gets it.
template <typename Get>
std::string_view url_part(Get get, TSMBuffer buffer, TSMLoc url) {
  int length = 0;
  const char* text = get(buffer, url, &length);
  return view(text, length);
}

std::string path_of(TSMBuffer buffer, TSMLoc url) {
  std::string path = "/";
  path += url_part(&TSUrlPathGet, buffer, url);
#if TS_VERSION_MAJOR < 10  // In 10 they are part of the path.
  if (const auto params = url_part(&TSUrlHttpParamsGet, buffer, url); !params.empty()) {
    path.append(";").append(params);
  }
#endif
  if (const auto query = url_part(&TSUrlHttpQueryGet, buffer, url); !query.empty()) {
    path.append("?").append(query);
  }
  return path;
}

// The port behind the host, if there is one: "example.com:80", "[::1]:80".
size_t port_mark(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  if (colon == std::string_view::npos) return colon;
  return bracket != std::string_view::npos && bracket > colon ? std::string_view::npos : colon;
}

using Values = std::vector<std::string_view>;
using ValuesByName = std::map<std::string_view, Values>;

// Of `values` those that `others` has not, or not as often.
Values less(const Values& values, Values others) {
  Values rest;
  for (const std::string_view value : values) {
    const auto same = std::ranges::find(others, value);
    if (same == others.end()) {
      rest.push_back(value);
    } else {
      others.erase(same);
    }
  }
  return rest;
}

ValuesByName values_by_name(const abi::HeaderList& list) {
  ValuesByName values;
  for (size_t i = 0; i < list.count(); ++i) values[list.name(i)].push_back(list.value(i));
  return values;
}

bool are_equal(const abi::HeaderList& a, const abi::HeaderList& b) {
  if (a.count() != b.count()) return false;
  for (size_t i = 0; i < a.count(); ++i) {
    if (a.name(i) != b.name(i) || a.value(i) != b.value(i)) return false;
  }
  return true;
}

// The server frames messages itself, and learns a body's length from its transformation.
bool is_servers(std::string_view name) { return name.starts_with(':') || name == "content-length"; }

// What `after` has under that name, if it is not what `before` has.
std::optional<std::string_view> changed(const abi::HeaderList& before, const abi::HeaderList& after,
                                        std::string_view name) {
  const auto value = after.find(name);
  return value == before.find(name) ? std::nullopt : value;
}

}  // namespace

MessageHeader::MessageHeader(TSHttpTxn transaction, Get get) {
  if (get(transaction, &buffer_, &header_) != TS_SUCCESS) header_ = TS_NULL_MLOC;
}

MessageHeader::~MessageHeader() {
  if (exists()) TSHandleMLocRelease(buffer_, TS_NULL_MLOC, header_);
}

abi::HeaderList MessageHeader::empty_list() const {
  constexpr size_t kPseudoHeaders = 4;
  constexpr size_t kPseudoNames = 64;  // bytes, and a few more
  const auto fields = static_cast<size_t>(TSMimeHdrFieldsCount(buffer_, header_));
  const auto bytes = static_cast<size_t>(TSHttpHdrLengthGet(buffer_, header_));
  // The authority may stand there twice, as `host` too.
  abi::HeaderList list({.max_bytes = std::max(kHeaderLimits.max_bytes, 2 * bytes + kPseudoNames),
                        .max_count = std::max(kHeaderLimits.max_count, fields + kPseudoHeaders)});
  list.reserve(1024, 32);
  return list;
}

void MessageHeader::read_fields(abi::HeaderList& into, bool is_request) const {
  Part field(buffer_, header_, TSMimeHdrFieldGet(buffer_, header_, 0));
  while (field) {
    int length = 0;
    const char* text = TSMimeHdrFieldNameGet(buffer_, header_, field.get(), &length);
    const std::string_view name = view(text, length);
    text = TSMimeHdrFieldValueStringGet(buffer_, header_, field.get(), -1, &length);
    const std::string_view value = view(text, length);
    const bool hidden = planes::is_hop_by_hop(name) || (is_request && abi::same_name(name, "host"));
    if (!hidden) static_cast<void>(into.add(name, value));
    field.move_to(TSMimeHdrFieldNext(buffer_, header_, field.get()));
  }
}

abi::HeaderList MessageHeader::read_request(std::string_view scheme) const {
  abi::HeaderList list = empty_list();
  const auto add = [&](std::string_view name, std::string_view value) {
    static_cast<void>(list.add(name, value));
  };
  int length = 0;
  add(":method", method());
  const Part url(buffer_, header_, url_of(buffer_, header_));
  const std::string_view said =
      url ? url_part(&TSUrlSchemeGet, buffer_, url.get()) : std::string_view();
  add(":scheme", said.empty() ? scheme : said);
  const Part host(buffer_, header_, TSMimeHdrFieldFind(buffer_, header_, "host", 4));
  if (host) {
    const char* text = TSMimeHdrFieldValueStringGet(buffer_, header_, host.get(), -1, &length);
    add(":authority", view(text, length));
  } else if (url) {
    add(":authority", url_part(&TSUrlHostGet, buffer_, url.get()));
  }
  if (url) add(":path", path_of(buffer_, url.get()));
  read_fields(list, true);
  return list;
}

abi::HeaderList MessageHeader::read_response() const {
  abi::HeaderList list = empty_list();
  static_cast<void>(list.add(":status", std::to_string(status())));
  read_fields(list, false);
  return list;
}

void MessageHeader::change_request(const abi::HeaderList& before,
                                   const abi::HeaderList& after) const {
  if (are_equal(before, after)) return;
  if (const auto method = changed(before, after, ":method")) {
    TSHttpHdrMethodSet(buffer_, header_, method->data(), size_of(*method));
  }
  if (const auto authority = changed(before, after, ":authority")) set_authority(*authority);
  if (const auto path = changed(before, after, ":path")) set_path(*path);
  if (const auto scheme = changed(before, after, ":scheme")) {
    const Part url(buffer_, header_, url_of(buffer_, header_));
    if (url) TSUrlSchemeSet(buffer_, url.get(), scheme->data(), size_of(*scheme));
  }
  change_fields(before, after);
}

void MessageHeader::change_response(const abi::HeaderList& before,
                                    const abi::HeaderList& after) const {
  if (are_equal(before, after)) return;
  set_status(before, after);
  change_fields(before, after);
}

void MessageHeader::set_response(const abi::HeaderList& after) const {
  set_status({}, after);
  for (const auto& [name, values] : values_by_name(after)) {
    if (!is_servers(name) && values_of(name) != values) replace(name, values);
  }
}

void MessageHeader::set_status(const abi::HeaderList& before, const abi::HeaderList& after) const {
  if (const auto text = changed(before, after, ":status")) {
    if (const auto status = planes::parse_status(*text)) {
      const auto code = static_cast<TSHttpStatus>(*status);
      TSHttpHdrStatusSet(buffer_, header_, code);
      const char* reason = TSHttpHdrReasonLookup(code);
      const std::string_view phrase = reason == nullptr ? "" : reason;
      TSHttpHdrReasonSet(buffer_, header_, phrase.data(), size_of(phrase));
    }
  }
}

void MessageHeader::change_fields(const abi::HeaderList& before,
                                  const abi::HeaderList& after) const {
  const ValuesByName old_values = values_by_name(before);
  const ValuesByName new_values = values_by_name(after);
  for (const auto& [name, values] : old_values) {
    if (!is_servers(name) && !new_values.contains(name)) remove(name);
  }
  for (const auto& [name, values] : new_values) {
    if (is_servers(name)) continue;
    const auto old = old_values.find(name);
    if (old != old_values.end() && old->second == values) continue;
    const Values before_values = old == old_values.end() ? Values() : old->second;
    if (!merge(name, before_values, values)) replace(name, values);
  }
}

bool MessageHeader::merge(std::string_view name, const Values& before, const Values& after) const {
  const Values removed = less(before, after);
  if (!before.empty() && removed.size() == before.size()) return false;
  if (values_of(name) == before) return false;
  for (const std::string_view value : removed) remove(name, value);
  for (const std::string_view value : less(after, before)) append(name, value);
  return true;
}

template <typename Visit>
void MessageHeader::visit(std::string_view name, Visit visit) const {
  Part field(buffer_, header_, TSMimeHdrFieldGet(buffer_, header_, 0));
  while (field) {
    int length = 0;
    const char* text = TSMimeHdrFieldNameGet(buffer_, header_, field.get(), &length);
    if (abi::same_name(view(text, length), name)) {
      text = TSMimeHdrFieldValueStringGet(buffer_, header_, field.get(), -1, &length);
      if (!visit(field.get(), view(text, length))) return;
    }
    field.move_to(TSMimeHdrFieldNext(buffer_, header_, field.get()));
  }
}

MessageHeader::Values MessageHeader::values_of(std::string_view name) const {
  Values values;
  visit(name, [&](TSMLoc, std::string_view value) {
    values.push_back(value);
    return true;
  });
  return values;
}

void MessageHeader::remove(std::string_view name, std::string_view value) const {
  visit(name, [&](TSMLoc field, std::string_view present) {
    if (present != value) return true;
    TSMimeHdrFieldDestroy(buffer_, header_, field);
    return false;
  });
}

int MessageHeader::status() const { return TSHttpHdrStatusGet(buffer_, header_); }

std::string_view MessageHeader::method() const {
  int length = 0;
  const char* text = TSHttpHdrMethodGet(buffer_, header_, &length);
  return view(text, length);
}

std::optional<std::string> MessageHeader::find(std::string_view name) const {
  const Part field(buffer_, header_,
                   TSMimeHdrFieldFind(buffer_, header_, name.data(), size_of(name)));
  if (!field) return std::nullopt;
  int length = 0;
  const char* text = TSMimeHdrFieldValueStringGet(buffer_, header_, field.get(), -1, &length);
  return std::string(view(text, length));
}

bool MessageHeader::has(std::string_view name) const {
  const Part field(buffer_, header_,
                   TSMimeHdrFieldFind(buffer_, header_, name.data(), size_of(name)));
  return static_cast<bool>(field);
}

void MessageHeader::remove(std::string_view name) const {
  while (true) {
    const Part field(buffer_, header_,
                     TSMimeHdrFieldFind(buffer_, header_, name.data(), size_of(name)));
    if (!field) return;
    TSMimeHdrFieldDestroy(buffer_, header_, field.get());
  }
}

void MessageHeader::replace(std::string_view name, const Values& values) const {
  remove(name);
  for (const std::string_view value : values) append(name, value);
}

void MessageHeader::append(std::string_view name, std::string_view value) const {
  TSMLoc made = TS_NULL_MLOC;
  if (TSMimeHdrFieldCreateNamed(buffer_, header_, name.data(), size_of(name), &made) !=
      TS_SUCCESS) {
    return;
  }
  const Part field(buffer_, header_, made);
  TSMimeHdrFieldValueStringSet(buffer_, header_, made, -1, value.data(), size_of(value));
  TSMimeHdrFieldAppend(buffer_, header_, made);
}

void MessageHeader::set_authority(std::string_view authority) const {
  remove("host");
  append("Host", authority);
  // The server looks at the URL first, where that has a host.
  const Part url(buffer_, header_, url_of(buffer_, header_));
  if (!url || url_part(&TSUrlHostGet, buffer_, url.get()).empty()) return;
  const size_t mark = port_mark(authority);
  const std::string_view host = authority.substr(0, mark);
  TSUrlHostSet(buffer_, url.get(), host.data(), size_of(host));
  if (mark == std::string_view::npos) return;
  if (const auto port = planes::parse_length(authority.substr(mark + 1)); port && *port <= 65535) {
    TSUrlPortSet(buffer_, url.get(), static_cast<int>(*port));
  }
}

void MessageHeader::set_path(std::string_view path) const {
  const Part url(buffer_, header_, url_of(buffer_, header_));
  if (!url) return;
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t mark = path.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
  path = path.substr(0, mark);
  TSUrlPathSet(buffer_, url.get(), path.data(), size_of(path));
#if TS_VERSION_MAJOR < 10
  TSUrlHttpParamsSet(buffer_, url.get(), nullptr, 0);
#endif
  TSUrlHttpQuerySet(buffer_, url.get(), query.data(), size_of(query));
}

}  // namespace weir::ats_plane
