#pragma once
// Notices that files have changed, however they are replaced.

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir::serve {

// What tells one state of a file from another. Equal for files that are missing or may not be read.
struct FileState {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t modified_ns = 0;

  static FileState of(const std::filesystem::path& file);
  friend bool operator==(const FileState&, const FileState&) = default;
};

// Watches the folders on the way to the files by inotify, symbolic links followed, so that writing
// a file anew, renaming another one over it or over a folder, turning a link, and being let read
// it are seen alike.
// Several events in a row are one change, which is told when all files have stayed as they are for
// 100 ms; what else happens in the folders does not put it off. That a file which was read is not
// there any more is told when it has stayed away for a second: tools take files away that they are
// about to write. Thread: the one that runs `io`.
class FileWatch {
 public:
  struct File {
    std::filesystem::path path;
    FileState seen;  // when it was read: what differs from it is a change
  };
  // Neither is called from inside one of the functions here. The first gets the files that differ
  // from what they were.
  using OnChange = std::function<void(const std::vector<std::filesystem::path>&)>;
  // A file cannot be read any more, and why; or, without a reason, it can, and is the same as
  // before. Once for each time.
  using OnAbsence = std::function<void(const std::filesystem::path&, const std::string& why)>;

  static Result<std::unique_ptr<FileWatch>> make(boost::asio::io_context& io, OnChange on_change,
                                                 OnAbsence on_absence);
  ~FileWatch();

  // Watches these from now on. Of a file that was watched already what was last seen stays. The
  // error names the first folder of a file or a link that cannot be watched; the others are.
  Done set_files(std::vector<File> files);

 private:
  class Impl;
  explicit FileWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<Impl> impl_;
};

}  // namespace weir::serve
