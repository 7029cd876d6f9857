#include "planes/envoy/upstream_call.h"

namespace weir::envoy_plane {
namespace {

constexpr Milliseconds kLongestUnary{300'000};

// What Envoy answers when its own time is over is heard after the runtime's time-out.
constexpr Milliseconds kGrace{500};

}  // namespace

uint64_t unary_milliseconds(Milliseconds patience) {
  const bool is_bounded = patience.count() > 0 && patience < kLongestUnary;
  return static_cast<uint64_t>((is_bounded ? patience + kGrace : kLongestUnary).count());
}

runtime::OpenError open_error(CallStart start) {
  switch (start) {
    case CallStart::ClusterNotFound:
      return runtime::OpenError::UnknownUpstream;
    case CallStart::MissingHeaders:
      return runtime::OpenError::BadHeaders;
    default:
      return runtime::OpenError::Failed;
  }
}

std::vector<ModuleHeader> module_headers(const abi::HeaderList& headers) {
  std::vector<ModuleHeader> list;
  list.reserve(headers.count());
  for (size_t i = 0; i < headers.count(); ++i) list.emplace_back(headers.name(i), headers.value(i));
  return list;
}

abi::HeaderList header_list(const EnvoyHeader* headers, size_t count) {
  abi::HeaderList list;
  for (size_t i = 0; i < count; ++i) {
    // What is beyond the limits of a list, no guest gets to see.
    static_cast<void>(list.add(headers[i].name(), headers[i].value()));
  }
  return list;
}

std::string joined(const EnvoyBuffer* pieces, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all.append(pieces[i].view());
  return all;
}

void CallEvents::answer(CalloutResult result, abi::HeaderList list, const std::string& body) {
  if (result == CalloutResult::Success) {
    headers(std::move(list), body.empty());
    if (!body.empty()) data(body, true);
  } else {
    failure(result == CalloutResult::TooLarge ? kAnswerTooLarge : kStreamReset);
  }
}

}  // namespace weir::envoy_plane
