#include "planes/envoy/connection_bytes.h"

#include "planes/envoy/chunks.h"

namespace weir::envoy_plane {

uint64_t ConnectionBytes::event_size() const {
  if (!in_event_) return 0;
  return is_read() ? envoy_dynamic_module_callback_network_filter_get_read_buffer_size(filter_)
                   : envoy_dynamic_module_callback_network_filter_get_write_buffer_size(filter_);
}

void ConnectionBytes::drain(uint64_t bytes) {
  if (bytes == 0) return;
  if (is_read()) {
    envoy_dynamic_module_callback_network_filter_drain_read_buffer(filter_, bytes);
  } else {
    envoy_dynamic_module_callback_network_filter_drain_write_buffer(filter_, bytes);
  }
}

void ConnectionBytes::append(std::string_view data) {
  if (data.empty()) return;
  if (is_read()) {
    envoy_dynamic_module_callback_network_filter_append_read_buffer(filter_, data);
  } else {
    envoy_dynamic_module_callback_network_filter_append_write_buffer(filter_, data);
  }
}

void ConnectionBytes::copy_event(uint64_t start, std::span<std::byte> to) const {
  const size_t count =
      is_read()
          ? envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(filter_)
          : envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(filter_);
  std::vector<EnvoyBuffer> chunks(count);
  if (chunks.empty()) return;
  if (is_read()) {
    envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(filter_, chunks.data());
  } else {
    envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(filter_, chunks.data());
  }
  copy_chunks(chunks, 0, start, to);
}

void ConnectionBytes::hold() {
  const uint64_t more = event_size();
  const size_t before = held_.size();
  held_.resize(before + more);
  if (more > 0) {
    copy_event(0, std::as_writable_bytes(std::span(held_).subspan(before)));
    drain(more);
  }
  in_event_ = false;
}

void ConnectionBytes::pass_on() {
  if (!held_.empty()) {
    hold();
    append(take_held());
  }
  in_event_ = false;
}

void ConnectionBytes::copy_to(uint64_t start, std::span<std::byte> to) const {
  const uint64_t held = held_.size();
  if (start < held) {
    const size_t count = std::min<uint64_t>(held - start, to.size());
    std::memcpy(to.data(), held_.data() + start, count);
    to = to.subspan(count);
    start += count;
  }
  if (!to.empty()) copy_event(start - held, to);
}

bool ConnectionBytes::replace(uint64_t start, uint64_t size, Bytes with) {
  const uint64_t total = this->size();
  if (with.size() > size && total - size + with.size() > max_size_) return false;
  // What is put at the end of an event's bytes, or taken from their front, needs no copy of others.
  if (start == total && in_event_) {
    append(as_text(with));
    return true;
  }
  if (start == 0 && with.empty() && held_.empty()) {
    drain(size);
    return true;
  }
  const bool in_event = in_event_;
  hold();
  held_.replace(start, size, as_text(with));
  in_event_ = in_event;
  return true;
}

}  // namespace weir::envoy_plane
