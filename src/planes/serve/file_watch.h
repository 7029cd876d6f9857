#pragma once
// Notices that files have changed, however they are replaced.

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::serve {

// Watches the folders of the files by inotify, so that writing a file anew, renaming another one
// over it and turning a symbolic link are seen alike. Several events in a row are one change.
// Thread: the one that runs `io`.
class FileWatch {
 public:
  // `on_change` gets the indices of the files that differ from what they were, never from inside
  // make().
  using OnChange = std::function<void(const std::vector<size_t>&)>;

  static Result<std::unique_ptr<FileWatch>> make(boost::asio::io_context& io,
                                                 std::vector<std::filesystem::path> files,
                                                 OnChange on_change);
  ~FileWatch();

 private:
  class Impl;
  explicit FileWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<Impl> impl_;
};

}  // namespace weir::serve
