#pragma once
// For tests: layers of images.

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::fetch::test {

using LayerFile = std::pair<std::string, std::string>;  // path and content

inline std::string make_layer(const std::vector<LayerFile>& files, bool compressed) {
  std::string bytes(8 << 20, '\0');
  size_t size = 0;
  archive* made = archive_write_new();
  archive_write_set_format_ustar(made);
  if (compressed) archive_write_add_filter_gzip(made);
  EXPECT_EQ(archive_write_open_memory(made, bytes.data(), bytes.size(), &size), ARCHIVE_OK);
  for (const auto& [path, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, path.c_str());
    archive_entry_set_size(entry, static_cast<int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    EXPECT_EQ(archive_write_header(made, entry), ARCHIVE_OK);
    EXPECT_EQ(archive_write_data(made, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    archive_entry_free(entry);
  }
  EXPECT_EQ(archive_write_close(made), ARCHIVE_OK);
  archive_write_free(made);
  bytes.resize(size);
  return bytes;
}

}  // namespace weir::fetch::test
