#include "planes/serve/server_codec.h"

#include <algorithm>

namespace weir::serve {
namespace {

class HttpCodecs final : public CodecFactory {
 public:
  explicit HttpCodecs(ExchangeFactory& exchanges) : exchanges_(exchanges) {}

  std::unique_ptr<Codec> make_codec(const ClientConnection& client, ReadBuffer& input) override {
    if (input.empty()) return nullptr;
    return make_server_codec({.carrier = client.carrier,
                              .factory = exchanges_,
                              .connection = client.info,
                              .options = client.options,
                              .stats = client.stats},
                             input.unread());
  }

 private:
  ExchangeFactory& exchanges_;
};

}  // namespace

std::unique_ptr<CodecFactory> make_http_codecs(ExchangeFactory& exchanges) {
  return std::make_unique<HttpCodecs>(exchanges);
}

std::unique_ptr<Codec> make_server_codec(const ServerCodecContext& context, Bytes first) {
  // RFC 9113, section 3.4.
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  using enum ListenerOptions::Protocol;
  if (context.options.protocol == Http1) return make_http1_server(context);
  if (context.options.protocol == Http2) return make_http2_server(context);
  const std::string_view text = as_text(first);
  const size_t known = std::min(text.size(), kPreface.size());
  if (text.substr(0, known) != kPreface.substr(0, known)) return make_http1_server(context);
  return known == kPreface.size() ? make_http2_server(context) : nullptr;
}

}  // namespace weir::serve
