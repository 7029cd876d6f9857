#include "config/loader.h"

#include <google/protobuf/message.h>

#include "config/binary_reader.h"
#include "config/document.h"
#include "config/message_reader.h"

namespace weir::config {

Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into, SourceMap& map) {
  if (file_name.ends_with(".pb")) return read_binary(text, into, Place(map));
  WEIR_TRY(Document document, parse_document(text, file_name));
  return MessageReader(map).read(document.root(), into, Place(map));
}

Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into) {
  SourceMap map(file_name);
  return load_message(text, file_name, into, map);
}

}  // namespace weir::config
