#include "config/wire_form.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>

#include "config/document.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;

// A level of a Struct in a text is three messages: the Struct, an entry of its map, the Value
// there.
constexpr int kMaxMessages = 3 * static_cast<int>(kMaxDepth) + 10;

}  // namespace

bool parse_wire_form(std::string_view bytes, pb::Message& into) {
  if (bytes.size() > kMaxFileBytes) return false;
  // It says on standard error which string is not UTF-8.
  const pb::LogSilencer silence;
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  in.SetRecursionLimit(kMaxMessages);
  return into.ParsePartialFromCodedStream(&in) && in.ConsumedEntireMessage();
}

std::string to_wire_form(const pb::Message& message) {
  std::string bytes;
  {
    pb::io::StringOutputStream out(&bytes);
    pb::io::CodedOutputStream coded(&out);
    coded.SetSerializationDeterministic(true);
    message.SerializePartialToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace weir::config
