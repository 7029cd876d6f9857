#include "config/loader.h"

#include <google/protobuf/message.h>

#include "base/lower_case.h"
#include "config/binary_reader.h"
#include "config/document.h"
#include "config/message_reader.h"
#include "config/requirements.h"

namespace weir::config {
namespace {

// What is wrong with a file that says nothing; `message` is empty.
Done refuse_empty_file(const google::protobuf::Message& message, const Place& at) {
  const SourceMap nowhere;
  const Done needs = check_requirements(message, Place(nowhere));
  return at.error(needs.ok() ? "the file is empty" : "the file is empty: " + needs.error().message);
}

}  // namespace

Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into, SourceMap& map) {
  const Place at(map);
  const std::string name = lower_case(file_name);
  if (name.ends_with(".pb_text")) {
    return at.error(
        "protobuf's text form is not read; write YAML, JSON, or the wire form into a file whose "
        "name ends in .pb");
  }
  if (name.ends_with(".pb")) {
    return text.empty() ? refuse_empty_file(into, at) : read_binary(text, into, at);
  }
  WEIR_TRY(Document document, parse_document(text, file_name));
  if (document.empty()) return refuse_empty_file(into, at);
  return MessageReader(map).read(document.root(), into, at);
}

Done load_message(std::string_view text, std::string_view file_name,
                  google::protobuf::Message& into) {
  SourceMap map(file_name);
  return load_message(text, file_name, into, map);
}

}  // namespace weir::config
