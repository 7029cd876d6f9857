#include "planes/envoy/body.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "planes/envoy/chunks.h"

namespace weir::envoy_plane {
namespace {

// Copies [start, start + to.size()) of the part that begins at `part_start`, as far as it has it.
void copy_part(EnvoyHttpFilter* filter, BodyType type, uint64_t part_start, uint64_t start,
               std::span<std::byte> to) {
  std::vector<EnvoyBuffer> chunks(
      envoy_dynamic_module_callback_http_get_body_chunks_size(filter, type));
  if (chunks.empty() ||
      !envoy_dynamic_module_callback_http_get_body_chunks(filter, type, chunks.data())) {
    return;
  }
  copy_chunks(chunks, part_start, start, to);
}

}  // namespace

void EnvoyBody::copy_from_envoy(uint64_t start, std::span<std::byte> to) const {
  if (to.empty()) return;
  const uint64_t buffered = buffered_size();
  if (start < buffered) copy_part(filter_, buffered_type_, 0, start, to);
  if (has_received_ && start + to.size() > buffered) {
    copy_part(filter_, received_type_, buffered, start, to);
  }
}

std::string EnvoyBody::text_of_envoy(uint64_t from, uint64_t to) const {
  std::string text(to - from, '\0');
  copy_from_envoy(from, std::as_writable_bytes(std::span(text)));
  return text;
}

void EnvoyBody::copy_to(uint64_t start, std::span<std::byte> to) const {
  if (to.empty()) return;
  if (!change_) return copy_from_envoy(start, to);
  const uint64_t kept = change_->kept();
  if (start < kept) {
    const auto first = to.first(std::min<uint64_t>(to.size(), kept - start));
    copy_from_envoy(change_->from + start, first);
    to = to.subspan(first.size());
    start = kept;
  }
  if (!to.empty()) std::memcpy(to.data(), change_->tail.data() + (start - kept), to.size());
}

bool EnvoyBody::replace(uint64_t start, uint64_t size, Bytes with) {
  if (filter_ == nullptr) return false;
  if (this->size() - size + with.size() > envoy_size() + kMaxGrowth) return false;
  if (!change_) change_ = Change{.from = 0, .to = envoy_size(), .tail = ""};
  Change& change = *change_;
  const uint64_t kept = change.kept();
  if (start >= kept) {
    change.tail.replace(start - kept, size, as_text(with));
  } else if (start == 0 && with.empty() && size <= kept) {
    change.from += size;
  } else {
    // What lies behind the new bytes comes into the tail.
    const uint64_t of_kept = std::min(size, kept - start);
    std::string tail(as_text(with));
    tail += text_of_envoy(change.from + start + of_kept, change.to);
    tail.append(change.tail, size - of_kept);
    change.to = change.from + start;
    change.tail = std::move(tail);
  }
  return true;
}

void EnvoyBody::drain(BodyType type, uint64_t count) {
  if (filter_ == nullptr || count == 0) return;
  envoy_dynamic_module_callback_http_drain_body(filter_, type, count);
}

void EnvoyBody::commit() {
  if (!change_) return;
  Change change = *std::exchange(change_, std::nullopt);
  const uint64_t buffered = buffered_size();
  const uint64_t total = envoy_size();
  if (change.to == total) {
    const uint64_t of_buffered = std::min(change.from, buffered);
    drain(buffered_type_, of_buffered);
    drain(received_type_, change.from - of_buffered);
  } else if (has_received_ && change.to >= buffered) {
    change.tail.insert(0, text_of_envoy(std::max(change.from, buffered), change.to));
    drain(buffered_type_, std::min(change.from, buffered));
    drain(received_type_, total - buffered);
  } else {
    change.tail.insert(0, text_of_envoy(change.from, change.to));
    drain(buffered_type_, buffered);
    drain(received_type_, total - buffered);
  }
  if (filter_ == nullptr || change.tail.empty()) return;
  envoy_dynamic_module_callback_http_append_body(filter_, last(), change.tail);
}

}  // namespace weir::envoy_plane
