#include "planes/serve/exchange_maps.h"

namespace weir::serve {

using abi::MapType;

ExchangeMaps::ExchangeMaps(Lane& request, Lane& response)
    : request_(request),
      response_(response),
      maps_{{CheckedHeaders::Kind::Request, request.header_list()},
            {CheckedHeaders::Kind::Trailers, request.trailer_list()},
            {CheckedHeaders::Kind::Response, response.header_list()},
            {CheckedHeaders::Kind::Trailers, response.trailer_list()}} {}

abi::HeaderMap* ExchangeMaps::offered(size_t plugin, MapType type) {
  const auto offer = [&](bool available) { return available ? find(type) : nullptr; };
  switch (type) {
    case MapType::RequestHeaders:
      return offer(request_.has_headers());
    case MapType::RequestTrailers:
      return offer(request_.offers_trailers(plugin));
    case MapType::ResponseHeaders:
      return offer(response_.has_headers());
    case MapType::ResponseTrailers:
      return offer(response_.offers_trailers(plugin));
    default:
      return nullptr;
  }
}

abi::HeaderMap* ExchangeMaps::find(MapType type) {
  return type <= MapType::ResponseTrailers ? &maps_[static_cast<size_t>(type)] : nullptr;
}

}  // namespace weir::serve
