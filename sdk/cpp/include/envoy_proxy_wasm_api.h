#pragma once
// What Envoy has beside the ABI, by the names of its own header of this name: contexts that are
// told of names looked up and of statistics, and readers of the bytes that they are told them in.
// Weir looks names up; it has no statistics sink, so that onStatsUpdate() is called in Envoy only.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "proxy_wasm_intrinsics.h"

class EnvoyContextBase {
 public:
  virtual ~EnvoyContextBase() = default;
};

class EnvoyRootContext : public RootContext, public EnvoyContextBase {
 public:
  EnvoyRootContext(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}
};

class EnvoyContext : public Context, public EnvoyContextBase {
 public:
  EnvoyContext(uint32_t id, RootContext* root) : Context(id, root) {}
};

// Exported by programs that include this alone, since only Envoy calls it.
extern "C" inline __attribute__((used))
WEIR_SDK_EXPORT(envoy_on_stats_update) void envoy_on_stats_update(uint32_t context_id,
                                                                  uint32_t result_size) {
  if (ContextBase* context = getContextBase(context_id)) context->onStatsUpdate(result_size);
}

struct DnsResult {
  uint32_t ttl_seconds;
  std::string address;
};

struct CounterResult {
  uint64_t delta;
  std::string_view name;
  uint64_t value;
};

struct GaugeResult {
  uint64_t value;
  std::string_view name;
};

// Its names are views into what was parsed.
struct StatResult {
  std::vector<CounterResult> counters;
  std::vector<GaugeResult> gauges;
};

enum class StatType : uint32_t {
  Counter = 1,
  Gauge = 2,
};

namespace weir_sdk {

// Numbers in the machine's byte order and texts, from the front of bytes on. What is not there
// reads as zero or nothing, and leaves the reader failed.
class EnvoyReader {
 public:
  explicit EnvoyReader(std::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  size_t left() const { return bytes_.size() - at_; }

  template <typename Number>
  Number number() {
    Number value = 0;
    const std::string_view bytes = text(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  std::string_view text(size_t size) {
    if (failed_ || size > left()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }

  // Up to a zero, which is taken too.
  std::string_view text_to_zero() {
    const size_t end = bytes_.find('\0', at_);
    const std::string_view taken = text(end == bytes_.npos ? left() + 1 : end - at_);
    text(1);
    return taken;
  }

  // On to the next multiple of `size`, counted from the front.
  void align(size_t size) { text((size - at_ % size) % size); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace weir_sdk

// The addresses that a name was found to have: their number, how long each is good, then the texts.
// None where the bytes are something else.
inline std::vector<DnsResult> parseDnsResults(std::string_view data) {
  weir_sdk::EnvoyReader reader(data);
  const auto count = reader.number<uint32_t>();
  if (count > reader.left() / sizeof(uint32_t)) return {};
  std::vector<DnsResult> results(count);
  for (DnsResult& each : results) each.ttl_seconds = reader.number<uint32_t>();
  for (DnsResult& each : results) each.address = reader.text_to_zero();
  if (reader.failed()) results.clear();
  return results;
}

// Statistics, in blocks of one type: a block's size, type and number of entries, then the entries,
// each a name with its size in front and, at a multiple of eight, its numbers. What follows a block
// that is cut off is left out.
inline StatResult parseStatResults(std::string_view data) {
  StatResult results;
  while (!data.empty()) {
    weir_sdk::EnvoyReader reader(data);
    const auto size = reader.number<uint32_t>();
    const auto type = static_cast<StatType>(reader.number<uint32_t>());
    const auto count = reader.number<uint32_t>();
    for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
      const std::string_view name = reader.text(reader.number<uint32_t>());
      reader.align(sizeof(uint64_t));
      const auto value = reader.number<uint64_t>();
      const auto delta = type == StatType::Counter ? reader.number<uint64_t>() : 0;
      if (reader.failed()) break;
      if (type == StatType::Counter) results.counters.push_back({delta, name, value});
      if (type == StatType::Gauge) results.gauges.push_back({value, name});
    }
    if (reader.failed() || size == 0 || size > data.size()) break;
    data.remove_prefix(size);
  }
  return results;
}
