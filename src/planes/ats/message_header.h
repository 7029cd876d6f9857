#pragma once
// The headers of requests and responses, from the server's objects to lists that plugins work on,
// and their changes back.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/header_map.h"
#include "planes/ats/server_api.h"

namespace weir::ats_plane {

// How many headers, and bytes of them, plugins may make of a message that came with fewer. The
// server looks through all of a message's fields, and for each one through all again, whenever one
// is added (TSMimeHdrFieldAppend: mime_hdr_sanity_check): of twice as many, all cost eight times as
// much.
inline constexpr abi::HeaderList::Limits kHeaderLimits{.max_bytes = 64 * 1024, .max_count = 128};

// A request's or response's header in the server, released at the end of its scope.
class MessageHeader {
 public:
  using Get = TSReturnCode (*)(TSHttpTxn transaction, TSMBuffer* buffer, TSMLoc* header);

  // `get` is a TSHttpTxn…Get of the server's.
  MessageHeader(TSHttpTxn transaction, Get get);
  ~MessageHeader();
  MessageHeader(const MessageHeader&) = delete;
  MessageHeader& operator=(const MessageHeader&) = delete;

  // Whether the transaction has it now. All else wants that it has.
  bool exists() const { return header_ != TS_NULL_MLOC; }

  // With :method, :scheme, :authority and :path, without `host` and headers of one connection.
  // `scheme` is of a request whose target does not say.
  abi::HeaderList read_request(std::string_view scheme) const;
  // With :status.
  abi::HeaderList read_response() const;

  // Makes the server's header differ from `after` as little as it did from `before`: what is the
  // same in both stays as the server has it, and so does content-length.
  void change_request(const abi::HeaderList& before, const abi::HeaderList& after) const;
  void change_response(const abi::HeaderList& before, const abi::HeaderList& after) const;
  // The same where nothing in it is to stay under a name that is in `after`.
  void set_response(const abi::HeaderList& after) const;

  int status() const;
  std::string_view method() const;
  int version() const { return TSHttpHdrVersionGet(buffer_, header_); }
  void set_version(int version) const { TSHttpHdrVersionSet(buffer_, header_, version); }
  bool has(std::string_view name) const;
  // The first value of that name.
  std::optional<std::string> find(std::string_view name) const;
  void remove(std::string_view name) const;
  // In the place of all fields of that name.
  void set(std::string_view name, std::string_view value) const { replace(name, {value}); }

 private:
  using Values = std::vector<std::string_view>;

  // With room for what is there, be it more than the limits.
  abi::HeaderList empty_list() const;
  void read_fields(abi::HeaderList& into, bool is_request) const;
  void set_status(const abi::HeaderList& before, const abi::HeaderList& after) const;
  void change_fields(const abi::HeaderList& before, const abi::HeaderList& after) const;
  // Where somebody else has changed the values of that name since they were `before`: takes the
  // same away from them, and adds the same, so that nothing is lost. False: nobody has, or nothing
  // of `before` is left in `after`, which then takes the place of all.
  bool merge(std::string_view name, const Values& before, const Values& after) const;
  // In order, valid until a change.
  Values values_of(std::string_view name) const;
  // visit(field, value) of each field of that name, until it returns false.
  template <typename Visit>
  void visit(std::string_view name, Visit visit) const;
  // One field of that value.
  void remove(std::string_view name, std::string_view value) const;
  void replace(std::string_view name, const Values& values) const;
  void append(std::string_view name, std::string_view value) const;
  void set_authority(std::string_view authority) const;
  void set_path(std::string_view path) const;

  TSMBuffer buffer_ = nullptr;
  TSMLoc header_ = TS_NULL_MLOC;
};

}  // namespace weir::ats_plane
