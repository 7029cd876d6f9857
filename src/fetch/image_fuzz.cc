// Whatever a registry, or the writer of a configuration or secret, says: it is read or refused. The
// first byte chooses who speaks.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fetch/challenge.h"
#include "fetch/image_layer.h"
#include "fetch/image_manifest.h"
#include "fetch/image_reference.h"
#include "fetch/pull_secret.h"

namespace {

constexpr uint64_t kMaxBytes = 1 << 16;

void read(uint8_t what, std::string_view text) {
  using namespace weir::fetch;
  switch (what) {
    case 'r': {
      const auto reference = parse_image_reference(text);
      if (!reference.ok()) return;
      // It is put into a url.
      for (const std::string& part : {reference.value().registry, reference.value().repository,
                                      reference.value().version()}) {
        WEIR_CHECK(!part.empty());
        WEIR_CHECK(part.find_first_of(" \r\n?#@\\") == std::string::npos);
      }
      return;
    }
    case 'm': {
      const auto manifest = read_manifest(text);
      if (!manifest.ok()) return;
      if (const auto* layer = std::get_if<PluginLayer>(&manifest.value())) {
        WEIR_CHECK(layer->blob.digest.size() == 71);
      }
      return;
    }
    case 'l': {
      const auto code = extract_plugin(text, kMaxBytes);
      WEIR_CHECK(!code.ok() || code.value().size() <= kMaxBytes);
      return;
    }
    case 's':
      static_cast<void>(find_credentials(text, "localhost:5000"));
      return;
    case 'c':
      static_cast<void>(parse_challenges(text));
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) read(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
