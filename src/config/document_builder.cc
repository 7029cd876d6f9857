#include "config/document_builder.h"

#include <algorithm>
#include <utility>

namespace weir::config {
namespace {

constexpr size_t kNodeOverhead = 16;
// Messages nest less; what nests too deeply need not be told level by level.
constexpr size_t kMaxPath = 200;

}  // namespace

const Node::Entry* Node::find(std::string_view key) const {
  auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const Node* DocumentBuilder::fail(Mark mark, std::string reason) {
  if (!failure_) failure_ = Failure{mark, std::move(reason)};
  return nullptr;
}

const Node* DocumentBuilder::refuse(Mark mark, std::string_view reason) {
  const std::string where = path();
  return fail(mark, where.empty() ? std::string(reason) : where + ": " + std::string(reason));
}

std::string DocumentBuilder::path() const {
  const SourceMap nowhere;
  Place at(nowhere);
  for (const Open& open : open_) {
    if (open.node->kind == Node::Kind::Sequence) {
      at = at.item(open.node->items.size());
    } else if (open.key != nullptr) {
      at = at.field(open.key->text);
    }
    if (at.path().size() > kMaxPath) return at.path().substr(0, kMaxPath) + "...";
  }
  return at.path();
}

Node& DocumentBuilder::add(Mark mark, Node::Kind kind) {
  Node& node = document_.nodes_.emplace_back();
  node.kind = kind;
  node.mark = mark;
  node.expanded_bytes = kNodeOverhead;
  return node;
}

const Node* DocumentBuilder::on_null(Mark mark) {
  return attach(mark, add(mark, Node::Kind::Null));
}

const Node* DocumentBuilder::on_scalar(Mark mark, std::string_view text, bool plain) {
  Node& node = add(mark, Node::Kind::Scalar);
  node.text = text;
  node.plain = plain;
  node.expanded_bytes += text.size();
  return attach(mark, node);
}

const Node* DocumentBuilder::open(Mark mark, Node::Kind kind) {
  if (open_.size() + 1 > kMaxDepth) {
    return refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  Node& node = add(mark, kind);
  open_.push_back({.node = &node});
  return &node;
}

const Node* DocumentBuilder::on_end() {
  Open ended = open_.back();
  if (ended.node->kind == Node::Kind::Map && !finish_map(ended)) return nullptr;
  open_.pop_back();
  return attach(ended.node->mark, *ended.node);
}

const Node* DocumentBuilder::on_alias(Mark mark, const Node& target) {
  if (std::ranges::find(open_, &target, &Open::node) != open_.end()) {
    return refuse(mark, "an alias stands inside of what it refers to");
  }
  return attach(mark, target);
}

const Node* DocumentBuilder::attach(Mark mark, const Node& node) {
  if (open_.empty()) {
    document_.root_ = &node;
    return &node;
  }
  Open& parent = open_.back();
  if (!grow(*parent.node, mark, node)) return nullptr;
  if (parent.node->kind == Node::Kind::Map) return attach_to_map(parent, mark, node);
  parent.node->items.push_back(&node);
  return &node;
}

const Node* DocumentBuilder::attach_to_map(Open& map, Mark mark, const Node& node) {
  if (map.key == nullptr) {
    if (node.kind != Node::Kind::Scalar) return refuse(mark, "a key has to be a word or a string");
    map.key = &node;
    return &node;
  }
  const Node* key = std::exchange(map.key, nullptr);
  if (key->plain && key->text == "<<") map.merge = map.node->entries.size();
  map.node->entries.push_back({key->text, key->mark, &node});
  return &node;
}

// Keeps the tree's size and height as they will be once aliases are followed: a few lines of
// aliases of aliases would else come to terabytes.
bool DocumentBuilder::grow(Node& parent, Mark mark, const Node& child) {
  parent.expanded_bytes += child.expanded_bytes;
  parent.height = std::max(parent.height, child.height + 1);
  if (parent.expanded_bytes > kMaxExpandedBytes) {
    refuse(mark, "too large: what is here comes to more than " +
                     std::to_string(kMaxExpandedBytes >> 20) + " MiB with its aliases followed");
    return false;
  }
  if (open_.size() + child.height > kMaxDepth) {
    refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    return false;
  }
  return true;
}

bool DocumentBuilder::finish_map(Open& map) {
  std::set<std::string_view> keys;
  for (const Node::Entry& entry : map.node->entries) {
    if (keys.insert(entry.key).second) continue;
    // As if its value were yet to come.
    Node key;
    key.text = entry.key;
    open_.back().key = &key;
    refuse(entry.mark, "given twice, first on line " +
                           std::to_string(map.node->find(entry.key)->mark.line) + "; keep one");
    open_.back().key = nullptr;
    return false;
  }
  if (!map.merge) return true;
  auto at = map.node->entries.begin() + static_cast<std::ptrdiff_t>(*map.merge);
  Node::Entry merged = *at;
  keys.erase(at->key);
  map.node->entries.erase(at);

  const Node& from = *merged.value;
  if (from.kind == Node::Kind::Map) return merge(*map.node, from, merged.mark, keys);
  if (from.kind == Node::Kind::Sequence) {
    return std::ranges::all_of(
        from.items, [&](const Node* item) { return merge(*map.node, *item, merged.mark, keys); });
  }
  refuse(merged.mark, "'<<' merges mappings only");
  return false;
}

// Adds the entries of `from` whose keys are new.
bool DocumentBuilder::merge(Node& map, const Node& from, Mark mark,
                            std::set<std::string_view>& keys) {
  if (from.kind != Node::Kind::Map) {
    refuse(mark, "'<<' merges mappings only");
    return false;
  }
  for (const Node::Entry& entry : from.entries) {
    if (!keys.insert(entry.key).second) continue;
    if (!grow(map, mark, *entry.value)) return false;
    map.entries.push_back(entry);
  }
  return true;
}

}  // namespace weir::config
