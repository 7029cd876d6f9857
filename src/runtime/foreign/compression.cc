// `compress` and `uncompress`: the zlib format (RFC 1950).

#include <zlib.h>

#include <algorithm>

#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;

Bytef* zlib_bytes(char* bytes) { return reinterpret_cast<Bytef*>(bytes); }
const Bytef* zlib_bytes(const char* bytes) { return reinterpret_cast<const Bytef*>(bytes); }

// A stream that is being inflated.
class Inflation {
 public:
  explicit Inflation(std::string_view from) {
    stream_.next_in = const_cast<Bytef*>(zlib_bytes(from.data()));
    stream_.avail_in = static_cast<uInt>(from.size());
    ready_ = inflateInit(&stream_) == Z_OK;
  }
  ~Inflation() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  bool ready() const { return ready_; }

  // Goes on into `out` from `filled` on, which moves. zlib's result.
  int run(std::string& out, size_t& filled) {
    stream_.next_out = zlib_bytes(out.data() + filled);
    stream_.avail_out = static_cast<uInt>(out.size() - filled);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    filled = out.size() - stream_.avail_out;
    return code;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

Status compress(ForeignCaller&, std::string_view arguments, std::string& result) {
  if (arguments.empty() || arguments.size() > kMaxCompressedBytes) return Status::BadArgument;
  uLongf size = compressBound(arguments.size());
  result.resize(size);
  const int code =
      ::compress(zlib_bytes(result.data()), &size, zlib_bytes(arguments.data()), arguments.size());
  if (code != Z_OK) return Status::InternalFailure;
  result.resize(size);
  return Status::Ok;
}

// A few bytes may stand for very many: the result grows as it fills, up to kMaxBytes.
Status uncompress(ForeignCaller&, std::string_view arguments, std::string& result) {
  if (arguments.empty()) return Status::BadArgument;
  Inflation inflation(arguments);
  if (!inflation.ready()) return Status::InternalFailure;

  size_t filled = 0;
  result.resize(std::clamp(arguments.size() * 4, size_t{1024}, kMaxBytes));
  while (true) {
    const int code = inflation.run(result, filled);
    if (code == Z_STREAM_END) break;
    if (code != Z_OK && code != Z_BUF_ERROR) return Status::SerializationFailure;
    if (filled < result.size()) return Status::SerializationFailure;  // the stream is cut off
    if (result.size() == kMaxBytes) return Status::InternalFailure;
    result.resize(std::min(result.size() * 2, kMaxBytes));
  }
  result.resize(filled);
  return Status::Ok;
}

}  // namespace weir::runtime::foreign
