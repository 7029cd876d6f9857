#pragma once
// What plugins attach to a stream, in Envoy's filter state.

#include "planes/envoy/http_callbacks.h"
#include "planes/envoy/typed_state.h"
#include "runtime/filter_state.h"

namespace weir::envoy_plane {

class Worker;

// The stream's plugins share one runtime::FilterState, which lies in Envoy's filter state as an
// object of this module and goes with the stream. Each value is put there as "wasm.NAME", too, as
// Envoy's Wasm filter does it, for access logs and other filters; and what those have put there is
// found, strings and what can be written as bytes. Thread: the stream's.
class EnvoyFilterState final : public runtime::FilterState {
 public:
  EnvoyFilterState(const Worker& worker, EnvoyHttpFilter* filter)
      : worker_(worker), filter_(filter) {}

  // The filter goes: from now on nothing is there, and nothing can be set.
  void detach() { filter_ = nullptr; }

  // runtime::FilterState
  const Entry* find(std::string_view name) const override;
  abi::Status set(std::string_view name, std::string_view value,
                  runtime::PropertyDeclaration declaration = {}) override;

  // Envoy shows access loggers no filter state, but dynamic metadata. So while there are some of
  // this module, a stream's values have a number, unique to the thread, which lies there under
  // these names. Null: there are none of that number on this thread.
  static constexpr std::string_view kMetadataName = "weir";
  static constexpr std::string_view kMetadataKey = "properties";
  static const runtime::FilterState* find_numbered(double number);
  // Access loggers come and go. Thread: any.
  static void count_loggers(int by);

 private:
  class Shared;

  // Null: there is none yet.
  Shared* find_shared() const;

  const Worker& worker_;
  EnvoyHttpFilter* filter_;
  mutable Entry found_;  // the last string that others had put there
  mutable TypedState typed_;
};

}  // namespace weir::envoy_plane
