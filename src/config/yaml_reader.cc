#include "config/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string>
#include <unordered_map>

namespace weir::config {
namespace {

Mark mark_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// How a scalar with this tag is to be read. yaml-cpp writes "?" for no tag and "!" for quotes.
enum class TagKind { Plain, Text, Unknown };

TagKind kind_of(const std::string& tag) {
  if (tag.empty() || tag == "?") return TagKind::Plain;
  if (tag == "!" || tag == "tag:yaml.org,2002:str" || tag == "tag:yaml.org,2002:binary") {
    return TagKind::Text;
  }
  for (const char* plain : {"bool", "float", "int", "map", "null", "seq"}) {
    if (tag == std::string("tag:yaml.org,2002:") + plain) return TagKind::Plain;
  }
  return TagKind::Unknown;
}

// Leaves the parser by one of its own exceptions once the builder has failed.
class Handler final : public YAML::EventHandler {
 public:
  explicit Handler(DocumentBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    keep(mark, anchor, builder_.on_null(mark_of(mark)));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto target = anchors_.find(anchor);
    const Node* node = target == anchors_.end()
                           ? builder_.refuse(mark_of(mark), "an alias refers to nothing")
                           : builder_.on_alias(mark_of(mark), *target->second);
    keep(mark, YAML::NullAnchor, node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    bool plain = kind_of(tag) == TagKind::Plain;
    bool null = plain && (value.empty() || value == "~" || value == "null" || value == "Null" ||
                          value == "NULL");
    keep(mark, anchor,
         null ? builder_.on_null(mark_of(mark)) : builder_.on_scalar(mark_of(mark), value, plain));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    keep(mark, anchor, builder_.on_sequence_start(mark_of(mark)));
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    keep(mark, anchor, builder_.on_map_start(mark_of(mark)));
  }

  void OnSequenceEnd() override { keep({}, YAML::NullAnchor, builder_.on_end()); }
  void OnMapEnd() override { keep({}, YAML::NullAnchor, builder_.on_end()); }

 private:
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (kind_of(tag) != TagKind::Unknown) return;
    builder_.refuse(mark_of(mark), "tag " + quote(tag) + " is not supported; leave it out");
    throw YAML::ParserException(mark, "");
  }

  void keep(const YAML::Mark& mark, YAML::anchor_t anchor, const Node* node) {
    if (node == nullptr) throw YAML::ParserException(mark, "");
    if (anchor != YAML::NullAnchor) anchors_.insert_or_assign(anchor, node);
  }

  DocumentBuilder& builder_;
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
};

bool indents_with_tab(std::string_view text, int line) {
  while (line > 0 && !text.empty()) {
    size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    --line;
  }
  size_t indentation_end = text.find_first_not_of(" \t");
  return text.substr(0, indentation_end).find('\t') != std::string_view::npos;
}

}  // namespace

void read_yaml(std::string_view text, DocumentBuilder& builder) {
  Handler handler(builder);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(handler)) return;
    if (parser) builder.fail({}, "the file holds more than one YAML document; keep one");
  } catch (const YAML::Exception& e) {
    std::string reason = "not valid YAML: " + e.msg;
    if (indents_with_tab(text, e.mark.line)) reason += "; indent with spaces, not tabs";
    // Such as a '?' in {path: /page?x=1}, which the library takes for YAML's own.
    if (e.msg == YAML::ErrorMsg::UNKNOWN_TOKEN) reason += "; put the text in quotes";
    builder.fail(mark_of(e.mark), std::move(reason));
  }
}

}  // namespace weir::config
