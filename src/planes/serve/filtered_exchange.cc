#include "planes/serve/filtered_exchange.h"

#include <utility>

namespace weir::serve {

FilteredExchange::FilteredExchange(const ChainParts& parts, std::span<const MakeContext> plugins,
                                   ConnectionInfo client, MessageSink& response,
                                   MessageSource* request)
    : parts_(parts),
      connection_(std::move(client)),
      response_(response),
      request_(request),
      client_(*this, connection_),
      chain_(&FilterChain::make(parts, client_, plugins)) {}

FilteredExchange::~FilteredExchange() {
  over_ = true;
  chain_->closed();
}

template <typename Call>
void FilteredExchange::enter(Call call) {
  if (over_) return;
  ++inside_;
  call();
  --inside_;
}

void FilteredExchange::headers(HeaderList headers, EndOfStream end) {
  enter([&] { chain_->headers(std::move(headers), end); });
}

void FilteredExchange::data(Body data, EndOfStream end) {
  enter([&] { chain_->data(std::move(data), end); });
}

void FilteredExchange::trailers(HeaderList trailers) {
  enter([&] { chain_->trailers(std::move(trailers)); });
}

void FilteredExchange::metadata(HeaderList metadata) {
  enter([&] { chain_->metadata(std::move(metadata)); });
}

// The chain is told when this is destroyed: it may be what calls.
void FilteredExchange::abort(std::string_view) {
  over_ = true;
  waiting_.clear();
  if (std::exchange(request_paused_, false) && request_ != nullptr) request_->resume();
}

// Of a connection that there was.
const UpstreamInfo* FilteredExchange::info() const {
  return unreachable().empty() ? chain_->router().upstream() : nullptr;
}

std::string_view FilteredExchange::unreachable() const {
  const UpstreamFailure* failure = chain_->router().failure();
  return failure == nullptr ? std::string_view() : failure->unreachable;
}

bool FilteredExchange::was_malformed() const {
  const UpstreamFailure* failure = chain_->router().failure();
  return failure != nullptr && failure->malformed;
}

bool FilteredExchange::was_refused() const {
  const UpstreamFailure* failure = chain_->router().failure();
  return failure != nullptr && failure->refused;
}

NotTried FilteredExchange::why_not_tried() const {
  const UpstreamFailure* failure = chain_->router().failure();
  return failure == nullptr ? NotTried::No : failure->not_tried;
}

void FilteredExchange::pass(Part part) {
  if (over_) return;
  if (inside_ == 0 && waiting_.empty()) return deliver(std::move(part));
  waiting_.push_back(std::move(part));
  if (std::exchange(posted_, true)) return;
  parts_.router.services.post([self = std::weak_ptr(self_)] {
    if (const auto alive = self.lock()) (*alive)->deliver_waiting();
  });
}

void FilteredExchange::deliver_waiting() {
  posted_ = false;
  // What comes meanwhile waits behind them.
  for (size_t i = 0; i < waiting_.size() && !over_; ++i) {
    Part part = std::move(waiting_[i]);
    deliver(std::move(part));
  }
  waiting_.clear();
}

void FilteredExchange::deliver(Part part) {
  switch (part.kind) {
    case Part::Kind::Headers:
      return response_.headers(std::move(part.headers), part.end);
    case Part::Kind::Data:
      return response_.data(std::move(part.data), part.end);
    case Part::Kind::Trailers:
      return response_.trailers(std::move(part.headers));
    case Part::Kind::Interim:
      return response_.interim_headers(std::move(part.headers));
    case Part::Kind::Metadata:
      return response_.metadata(std::move(part.headers));
    case Part::Kind::Abort:
      return response_.abort(part.reason);
  }
}

void FilteredExchange::Client::headers(HeaderList headers, EndOfStream end) {
  exchange_.pass({.kind = Part::Kind::Headers, .end = end, .headers = std::move(headers)});
}

void FilteredExchange::Client::data(Body data, EndOfStream end) {
  exchange_.pass({.kind = Part::Kind::Data, .end = end, .data = std::move(data)});
}

void FilteredExchange::Client::trailers(HeaderList trailers) {
  exchange_.pass({.kind = Part::Kind::Trailers, .headers = std::move(trailers)});
}

void FilteredExchange::Client::interim_headers(HeaderList headers) {
  exchange_.pass({.kind = Part::Kind::Interim, .headers = std::move(headers)});
}

void FilteredExchange::Client::metadata(HeaderList metadata) {
  exchange_.pass({.kind = Part::Kind::Metadata, .headers = std::move(metadata)});
}

void FilteredExchange::Client::abort(std::string_view reason) {
  exchange_.pass({.kind = Part::Kind::Abort, .reason = std::string(reason)});
}

void FilteredExchange::Client::pause() {
  if (exchange_.over_ || exchange_.request_ == nullptr) return;
  exchange_.request_paused_ = true;
  exchange_.request_->pause();
}

void FilteredExchange::Client::resume() {
  if (!std::exchange(exchange_.request_paused_, false)) return;
  if (exchange_.request_ != nullptr) exchange_.request_->resume();
}

}  // namespace weir::serve
