#pragma once
// Upstreams that a test answers for.

#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/upstream.h"

namespace weir::test {

using HeaderFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// A request that a plugin has opened: what it sent, and the verbs with which the test answers.
// Thread: its worker's.
class UpstreamRequest {
 public:
  UpstreamRequest(std::string_view to, const abi::HeaderList& with, abi::EndOfStream end,
                  runtime::Protocol by, runtime::UpstreamObserver& observer)
      : upstream(to),
        headers(with),
        protocol(by),
        ended(end == abi::EndOfStream::Yes),
        observer_(&observer) {}

  const std::string upstream;
  const abi::HeaderList headers;
  const runtime::Protocol protocol;
  std::string body;
  std::optional<abi::HeaderList> trailers;
  bool ended;               // the plugin's side has
  bool reset = false;       // the plugin has given it up before its end
  size_t unsent_bytes = 0;  // of the body, as the plugin's side is told

  void answer_headers(HeaderFields fields, abi::EndOfStream end = abi::EndOfStream::No);
  void answer_data(std::string_view data, abi::EndOfStream end = abi::EndOfStream::No);
  void answer_trailers(HeaderFields fields);
  void fail(std::string_view reason);

 private:
  friend class FakeUpstreams;

  // Each request has one end.
  runtime::UpstreamObserver& observer();
  runtime::UpstreamObserver& last_observer();

  runtime::UpstreamObserver* observer_;  // null after the end
};

class FakeUpstreams final : public runtime::Upstreams {
 public:
  // Every other upstream is unknown.
  void add(std::string upstream) { known_.insert(std::move(upstream)); }
  // A known one that cannot be reached.
  void add_unreachable(std::string upstream) { unreachable_.insert(std::move(upstream)); }

  size_t count() const { return requests_.size(); }
  // The nth request, from 0. It stays valid.
  UpstreamRequest& request(size_t n) { return *requests_.at(n); }
  UpstreamRequest& last() { return *requests_.back(); }

  // runtime::Upstreams
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::Protocol protocol, runtime::UpstreamObserver& observer) override;

 private:
  class Stream;

  std::set<std::string, std::less<>> known_;
  std::set<std::string, std::less<>> unreachable_;
  std::deque<std::shared_ptr<UpstreamRequest>> requests_;
};

}  // namespace weir::test
