#pragma once
// A configuration file as a tree of values, each with its place in the text. What the file's YAML
// or JSON looked like ends here.

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/source_map.h"

namespace weir::config {

inline constexpr size_t kMaxFileBytes = 16u << 20;
inline constexpr std::string_view kTooLargeRemedy =
    "; keep code in a file of its own (code.local.filename)";
// What a text may come to once its YAML aliases are followed, each value counted with its overhead.
inline constexpr size_t kMaxExpandedBytes = 64u << 20;
inline constexpr size_t kMaxDepth = 100;

struct Node {
  enum class Kind : uint8_t { Null, Scalar, Sequence, Map };
  struct Entry {
    std::string_view key;  // lives as long as the document
    Mark mark;             // of the key
    const Node* value;
  };

  Kind kind = Kind::Null;
  Mark mark;
  std::string text;    // of a scalar
  bool plain = false;  // of a scalar: written without quotes, so perhaps a number or a boolean
  std::vector<const Node*> items;  // of a sequence
  std::vector<Entry> entries;      // of a map: no key twice, merges done
  size_t expanded_bytes = 0;       // of this value and all below, aliases followed
  size_t height = 1;               // of the tree below and including this

  const Entry* find(std::string_view key) const;
};

// Owns its nodes; two parents may share one (an alias), but none is its own ancestor.
class Document {
 public:
  // Of an empty document it is nothing.
  const Node& root() const;
  bool empty() const { return root().kind == Node::Kind::Null; }

 private:
  friend class DocumentBuilder;
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

// Reads YAML, or JSON where the name ends in ".json". Refuses what is not UTF-8, more than one
// document, too large, too deep, or says a key twice.
Result<Document> parse_document(std::string_view text, std::string_view file_name);

}  // namespace weir::config
