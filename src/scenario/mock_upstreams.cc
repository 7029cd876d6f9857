#include "scenario/mock_upstreams.h"

#include <algorithm>

#include "abi/call_text.h"
#include "planes/common/grpc_status.h"
#include "scenario/mock_call.h"

namespace weir::scenario {
namespace {

bool fits(const Match& when, const SeenCall& call) {
  const auto is_there = [&](const Field& field) {
    bool found = false;
    call.headers.for_each([&](std::string_view name, std::string_view value) {
      found = found || (name == field.first && value == field.second);
    });
    return found;
  };
  if (!std::ranges::all_of(when.headers, is_there)) return false;
  return !when.body || *when.body == call.body;
}

}  // namespace

Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> MockUpstreams::open(
    std::string_view upstream, const abi::HeaderList& headers, abi::EndOfStream end,
    runtime::Protocol, runtime::UpstreamObserver& observer) {
  journal_.add_line("call to " + std::string(upstream) + " {" + fields_text(headers) + "}");
  auto seen = std::make_shared<SeenCall>();
  seen->upstream = upstream;
  seen->headers = headers;
  seen->grpc = planes::is_grpc_content_type(headers.find("content-type").value_or(""));
  seen->ended = end == abi::EndOfStream::Yes;
  journal_.add_call(seen);
  const auto found = upstreams_.find(upstream);
  if (found == upstreams_.end()) {
    journal_.add_line("there is no upstream " + std::string(upstream));
    return runtime::OpenError::UnknownUpstream;
  }
  if (found->second.unreachable) return runtime::OpenError::Failed;
  return std::unique_ptr<runtime::UpstreamStream>(
      std::make_unique<MockCall>(*this, std::move(seen), observer));
}

const Answer* MockUpstreams::take_answer(const SeenCall& call) {
  for (const Answer& answer : upstreams_.find(call.upstream)->second.answers) {
    if (answer.times != 0 && used_[&answer] == answer.times) continue;
    if (!fits(answer.when, call)) continue;
    ++used_[&answer];
    return &answer;
  }
  return nullptr;
}

}  // namespace weir::scenario
