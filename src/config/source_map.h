#pragma once
// Where in a file each field of a message was written, so that an error can say it.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::config {

// A character of a text; both count from 1.
struct Mark {
  int line = 1;
  int column = 1;
};

// Paths are those of messages: "static_resources.listeners[0].name". What is inside an Any follows
// the Any's own path.
class SourceMap {
 public:
  // `file_name` is for messages; empty for a message that came from no file.
  explicit SourceMap(std::string_view file_name = "") : file_name_(file_name) {}

  void record(const std::string& path, Mark mark) { marks_.insert_or_assign(path, mark); }

  // Whether the field stands in the file, also with an empty value, which messages do not tell.
  bool is_written(std::string_view path) const { return marks_.find(path) != marks_.end(); }

  // "envoy.yaml:14:9: admin.address: reason", with the mark of `path` or else of the nearest field
  // around it.
  Error error(std::string_view path, std::string_view reason) const;
  // The same without a reason.
  std::string describe(std::string_view path) const;
  // The same for a text that has no fields yet.
  Error error(Mark mark, std::string_view reason) const;

 private:
  const Mark* find_nearest(std::string_view path) const;

  std::string file_name_;
  std::map<std::string, Mark, std::less<>> marks_;
};

// A field, or the whole message where its path is empty. Refers to a SourceMap.
class Place {
 public:
  explicit Place(const SourceMap& map, std::string path = "")
      : map_(&map), path_(std::move(path)) {}

  Place field(std::string_view name) const;
  Place item(size_t index) const;
  Place entry(std::string_view key) const;  // of a map

  const std::string& path() const { return path_; }
  bool is_written() const { return map_->is_written(path_); }
  // "envoy.yaml:14:9: admin.address", to begin a later error with.
  std::string describe() const { return map_->describe(path_); }
  Error error(std::string_view reason) const { return map_->error(path_, reason); }

 private:
  const SourceMap* map_;
  std::string path_;
};

// `text` between quotes as part of a message: on one line, printable, and not long.
std::string quote(std::string_view text);

}  // namespace weir::config
