#include "fetch/image_layer.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "fetch/bad_image.h"

namespace weir::fetch {
namespace {

constexpr std::string_view kPlugin = "plugin.wasm";

struct FreeArchive {
  void operator()(archive* opened) const { archive_read_free(opened); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

Failure unreadable(archive* opened) {
  const char* words = archive_error_string(opened);
  return bad_image(std::string("the layer is not a tar that can be read: ") +
                   (words == nullptr ? "it is damaged" : words));
}

Failure too_large(uint64_t max_bytes) {
  return final("the layer unpacks to more than " + std::to_string(max_bytes) + " bytes",
               ErrorCode::LimitExceeded);
}

std::string_view name_of(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  std::string_view name = path == nullptr ? "" : path;
  while (name.starts_with("./")) name.remove_prefix(2);
  while (name.starts_with('/')) name.remove_prefix(1);
  return name;
}

Failure not_plain() {
  return bad_image("plugin.wasm in the layer is not a plain file", "put the module itself there");
}

// `size` is what the entry's header says, and nobody has sent it yet: what is kept grows with what
// comes. A file with holes is all of its size without having come.
Fetched<std::string> read_entry(archive* opened, uint64_t size) {
  std::string content;
  const void* block = nullptr;
  size_t length = 0;
  la_int64_t offset = 0;
  int status = ARCHIVE_OK;
  while ((status = archive_read_data_block(opened, &block, &length, &offset)) == ARCHIVE_OK ||
         status == ARCHIVE_WARN) {
    if (offset < 0 || static_cast<uint64_t>(offset) != content.size()) return not_plain();
    if (length > size - content.size()) return unreadable(opened);
    content.append(static_cast<const char*>(block), length);
  }
  if (status != ARCHIVE_EOF) return unreadable(opened);
  if (content.size() != size) return not_plain();
  return content;
}

}  // namespace

Fetched<std::string> extract_plugin(std::string_view layer, uint64_t max_bytes) {
  const Archive opened(archive_read_new());
  WEIR_CHECK(opened != nullptr);
  // Not all filters that there are: some run programs.
  archive_read_support_filter_gzip(opened.get());
  archive_read_support_filter_zstd(opened.get());
  archive_read_support_format_tar(opened.get());
  if (archive_read_open_memory(opened.get(), layer.data(), layer.size()) != ARCHIVE_OK) {
    return unreadable(opened.get());
  }
  uint64_t total = 0;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(opened.get(), &entry)) == ARCHIVE_OK ||
         status == ARCHIVE_WARN) {
    const auto size = static_cast<uint64_t>(std::max<int64_t>(archive_entry_size(entry), 0));
    if (size > max_bytes || total > max_bytes - size) return too_large(max_bytes);
    total += size;
    if (name_of(entry) != kPlugin) continue;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      return not_plain();
    }
    return read_entry(opened.get(), size);
  }
  if (status != ARCHIVE_EOF) return unreadable(opened.get());
  return bad_image("the layer holds no file plugin.wasm", "put the module at its top by that name");
}

}  // namespace weir::fetch
