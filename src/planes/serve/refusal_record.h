#pragma once
// A request that a codec has refused, as access logs see it.

#include <string>
#include <string_view>

#include "planes/serve/exchange.h"
#include "planes/serve/log_record.h"
#include "runtime/filter_state.h"

namespace weir::serve {

// "http1.codec_error{bad chunk}": Envoy's words, and what is wrong.
std::string codec_error_details(HttpVersion version, std::string_view reason);

// There is nothing of it but what the codec knows. Thread: the codec's.
class RefusalRecord final : public LogRecord {
 public:
  // All outlive it.
  RefusalRecord(const RequestInfo& request, const Refusal& refusal, std::string_view filter_chain,
                const Clock& clock);

  // LogRecord
  LogTimes times() const override { return {.started = now_, .ended = now_}; }
  std::string_view plugin() const override { return {}; }
  std::string_view type() const override { return "DownstreamEnd"; }
  const ConnectionInfo* client() const override { return &request_.connection; }
  const abi::HeaderList* request_headers() const override { return nullptr; }

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType) override { return nullptr; }

 private:
  const RequestInfo& request_;
  const Refusal& refusal_;
  const std::string_view filter_chain_;
  const Nanoseconds wall_;
  const Nanoseconds now_;
  runtime::FilterState filter_state_;
};

}  // namespace weir::serve
