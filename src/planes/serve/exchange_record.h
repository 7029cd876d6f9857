#pragma once
// A finished HTTP exchange, as access logs see it.

#include "planes/serve/filter_chain.h"
#include "planes/serve/log_record.h"

namespace weir::serve {

// Thread: the exchange's.
class ExchangeRecord final : public LogRecord {
 public:
  explicit ExchangeRecord(FilterChain& chain) : chain_(chain) {}

  // LogRecord
  LogTimes times() const override;
  std::string_view plugin() const override { return chain_.facts().plugin; }
  std::string_view type() const override { return "DownstreamEnd"; }
  const ConnectionInfo* client() const override { return &chain_.connection(); }
  const abi::HeaderList* request_headers() const override {
    return &chain_.request().header_list();
  }

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return chain_.filter_state(); }
  abi::HeaderMap* header_map(abi::MapType type) override { return chain_.logged_map(type); }

 private:
  FilterChain& chain_;
};

}  // namespace weir::serve
