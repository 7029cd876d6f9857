#include "planes/serve/exchange_record.h"

#include "planes/serve/exchange_attributes.h"

namespace weir::serve {

LogTimes ExchangeRecord::times() const {
  const FilterChain::Facts& facts = chain_.facts();
  return {.started = facts.started,
          .request_ended = facts.request_ended,
          .response_started = facts.response_started,
          .ended = facts.ended};
}

runtime::PropertyValue ExchangeRecord::attribute(runtime::Attribute attribute) const {
  return exchange_attribute(chain_, attribute);
}

}  // namespace weir::serve
