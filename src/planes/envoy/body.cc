#include "planes/envoy/body.h"

#include <algorithm>
#include <string>
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

void EnvoyBody::copy_to(uint64_t start, std::span<std::byte> to) const {
  if (to.empty()) return;
  const uint64_t buffered = buffered_size();
  if (start < buffered) copy_part(filter_, buffered_type_, 0, start, to);
  if (has_received_ && start + to.size() > buffered) {
    copy_part(filter_, received_type_, buffered, start, to);
  }
}

bool EnvoyBody::replace(uint64_t start, uint64_t size, Bytes with) {
  const auto append = [this](std::string_view data) {
    if (filter_ == nullptr) return false;
    return data.empty() || envoy_dynamic_module_callback_http_append_body(filter_, last(), data);
  };
  const auto drain = [this](uint64_t count, BodyType type) {
    if (filter_ == nullptr || count == 0) return;
    envoy_dynamic_module_callback_http_drain_body(filter_, type, count);
  };

  const uint64_t buffered = buffered_size();
  const uint64_t total = buffered + received_size();
  // What is put at the end, or taken from the front, needs no copy.
  if (start == total) return append(as_text(with));
  if (start == 0 && with.empty()) {
    drain(std::min(size, buffered), buffered_type_);
    if (size > buffered) drain(size - buffered, received_type_);
    return true;
  }

  // The bytes from here on are taken off and put back: all of the last part, and all of the first
  // one too where the change reaches into it.
  const uint64_t from = start < buffered || !has_received_ ? 0 : buffered;
  std::string kept(start - from, '\0');
  std::string behind(total - start - size, '\0');
  copy_to(from, std::as_writable_bytes(std::span(kept)));
  copy_to(start + size, std::as_writable_bytes(std::span(behind)));
  if (from == 0) drain(buffered, buffered_type_);
  if (has_received_) drain(total - buffered, received_type_);
  return append(kept) && append(as_text(with)) && append(behind);
}

}  // namespace weir::envoy_plane
