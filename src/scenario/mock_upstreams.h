#pragma once
// Upstreams that answer as a scenario says.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/upstream.h"
#include "runtime/worker_services.h"
#include "scenario/journal.h"
#include "scenario/script.h"

namespace weir::scenario {

// Thread: the scenario's.
class MockUpstreams final : public runtime::Upstreams {
 public:
  using ByName = std::map<std::string, Upstream, std::less<>>;

  // All outlive it.
  MockUpstreams(const ByName& upstreams, runtime::WorkerServices& services, Journal& journal)
      : upstreams_(upstreams), services_(services), journal_(journal) {}

  // runtime::Upstreams
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open(
      std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::Protocol protocol, runtime::UpstreamObserver& observer) override;

 private:
  friend class MockCall;

  // The answer for that call, which is counted; null where the scenario has none.
  const Answer* take_answer(const SeenCall& call);

  const ByName& upstreams_;
  runtime::WorkerServices& services_;
  Journal& journal_;
  std::map<const Answer*, uint32_t> used_;
};

}  // namespace weir::scenario
