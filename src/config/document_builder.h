#pragma once
// Makes a Document of a parser's events, and holds it within its bounds.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace weir::config {

// A parser reports values in their order in the text, a map's keys as values before theirs. Each
// event answers the value's node, or null after a failure, where the parser has to stop.
class DocumentBuilder {
 public:
  struct Failure {
    Mark mark;
    std::string reason;
  };

  const Node* on_null(Mark mark);
  const Node* on_scalar(Mark mark, std::string_view text, bool plain);
  const Node* on_map_start(Mark mark) { return open(mark, Node::Kind::Map); }
  const Node* on_sequence_start(Mark mark) { return open(mark, Node::Kind::Sequence); }
  const Node* on_end();  // of the innermost map or sequence
  // One more use of `target`, a node of this builder.
  const Node* on_alias(Mark mark, const Node& target);

  // Where a parser finds something wrong itself: with the text, or with what stands at the place
  // that it has come to, which the reason then begins with.
  const Node* fail(Mark mark, std::string reason);
  const Node* refuse(Mark mark, std::string_view reason);
  const std::optional<Failure>& failure() const { return failure_; }

  // Once no failure has come and the root has ended.
  Document take() && { return std::move(document_); }

 private:
  struct Open {
    Node* node;
    const Node* key = nullptr;    // of a map: read, and waiting for its value
    std::optional<size_t> merge;  // of a map: the entry with the key <<
  };

  Node& add(Mark mark, Node::Kind kind);
  // "static_resources.listeners[0]", of keys as they are written.
  std::string path() const;
  const Node* open(Mark mark, Node::Kind kind);
  const Node* attach(Mark mark, const Node& node);
  const Node* attach_to_map(Open& map, Mark mark, const Node& node);
  bool grow(Node& parent, Mark mark, const Node& child);
  bool finish_map(Open& map);
  bool merge(Node& map, const Node& from, Mark mark, std::set<std::string_view>& keys);

  Document document_;
  std::vector<Open> open_;
  std::optional<Failure> failure_;
};

}  // namespace weir::config
