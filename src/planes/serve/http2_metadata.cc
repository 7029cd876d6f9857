#include "planes/serve/http2_metadata.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "planes/serve/http2_bytes.h"

namespace weir::serve {
namespace {

// What a field or a block costs beside its bytes (as RFC 7541, section 4.1): so none is for free.
constexpr uint64_t kOverhead = 32;

struct InflaterDeleter {
  void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
};
struct DeflaterDeleter {
  void operator()(nghttp2_hd_deflater* deflater) const { nghttp2_hd_deflate_del(deflater); }
};

}  // namespace

bool Http2MetadataReader::take(std::string_view payload) {
  if (used_ + block_.size() + payload.size() > limits_.max_bytes) return false;
  block_.append(payload);
  return true;
}

// Each block has a table of its own, which is thrown away with it.
Http2MetadataReader::Outcome Http2MetadataReader::finish(HeaderList& into) {
  nghttp2_hd_inflater* made = nullptr;
  WEIR_CHECK(nghttp2_hd_inflate_new(&made) == 0);
  const std::unique_ptr<nghttp2_hd_inflater, InflaterDeleter> inflater(made);
  into = HeaderList({.max_bytes = limits_.max_bytes, .max_count = limits_.max_count});
  used_ += kOverhead;
  const std::string block = std::exchange(block_, {});
  std::string_view rest = block;
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t n =
        nghttp2_hd_inflate_hd2(inflater.get(), &field, &flags, nghttp2_bytes(rest), rest.size(), 1);
    if (n < 0) return Outcome::Malformed;
    rest.remove_prefix(static_cast<size_t>(n));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      used_ += kOverhead + field.namelen + field.valuelen;
      if (used_ > limits_.max_bytes || !into.add(nghttp2_text(field.name, field.namelen),
                                                 nghttp2_text(field.value, field.valuelen))) {
        return Outcome::TooLarge;
      }
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if (n == 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) == 0) return Outcome::Malformed;
  }
  return Outcome::Read;
}

Http2MetadataQueue::Frame& Http2MetadataQueue::add(int32_t stream_id, uint8_t flags,
                                                   std::string payload) {
  bytes_ += payload.size();
  frames_.push_back(std::make_unique<Frame>(Frame{stream_id, flags, std::move(payload)}));
  return *frames_.back();
}

void Http2MetadataQueue::drop(const Frame& frame) {
  const auto found =
      std::ranges::find_if(frames_, [&](const auto& one) { return one.get() == &frame; });
  if (found == frames_.end()) return;
  bytes_ -= (*found)->payload.size();
  frames_.erase(found);
}

std::string encode_metadata(const HeaderList& metadata) {
  nghttp2_hd_deflater* made = nullptr;
  WEIR_CHECK(nghttp2_hd_deflate_new(&made, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE) == 0);
  const std::unique_ptr<nghttp2_hd_deflater, DeflaterDeleter> deflater(made);
  std::vector<nghttp2_nv> fields;
  fields.reserve(metadata.count());
  for (size_t i = 0; i < metadata.count(); ++i) {
    const auto name = metadata.name(i);
    const auto value = metadata.value(i);
    fields.push_back({.name = nghttp2_bytes(name),
                      .value = nghttp2_bytes(value),
                      .namelen = name.size(),
                      .valuelen = value.size(),
                      .flags = NGHTTP2_NV_FLAG_NO_INDEX});
  }
  std::string block(nghttp2_hd_deflate_bound(deflater.get(), fields.data(), fields.size()), '\0');
  const ssize_t n = nghttp2_hd_deflate_hd(deflater.get(), reinterpret_cast<uint8_t*>(block.data()),
                                          block.size(), fields.data(), fields.size());
  WEIR_CHECK(n >= 0);
  block.resize(static_cast<size_t>(n));
  return block;
}

}  // namespace weir::serve
