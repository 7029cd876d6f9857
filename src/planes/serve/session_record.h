#pragma once
// A TCP connection that has ended, as access logs see it.

#include "planes/serve/log_record.h"
#include "planes/serve/tcp_attributes.h"
#include "planes/serve/tcp_session.h"

namespace weir::serve {

// Thread: the session's.
class SessionRecord final : public LogRecord {
 public:
  explicit SessionRecord(TcpSession& session) : session_(session) {}

  // LogRecord
  LogTimes times() const override {
    const TcpSession::Facts& facts = session_.facts();
    return {.started = facts.started, .ended = facts.ended};
  }
  std::string_view plugin() const override { return session_.facts().plugin; }
  std::string_view type() const override { return "TcpConnectionEnd"; }
  const ConnectionInfo* client() const override { return &session_.connection(); }
  const abi::HeaderList* request_headers() const override { return nullptr; }

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute attribute) const override {
    return tcp_attribute(session_, attribute);
  }
  runtime::FilterState& filter_state() override { return session_.filter_state(); }
  abi::HeaderMap* header_map(abi::MapType) override { return nullptr; }

 private:
  TcpSession& session_;
};

}  // namespace weir::serve
