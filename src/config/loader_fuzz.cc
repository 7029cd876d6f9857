// Whatever the bytes, loading them ends, with settings or with one line that names the file.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/bootstrap.h"
#include "config/loader.h"
#include "config/plugin_reader.h"
#include "weir/v1/plugin_options.pb.h"

namespace {

void check_error(const weir::Error& error) {
  WEIR_CHECK(error.message.starts_with("fuzz"));
  WEIR_CHECK(error.message.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::config;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto bootstrap = load_bootstrap(text, "fuzz.yaml");
  if (!bootstrap.ok()) check_error(bootstrap.error());

  auto binary = load_bootstrap(text, "fuzz.pb");
  if (!binary.ok()) check_error(binary.error());

  weir::v1::PluginOptions options;
  SourceMap map("fuzz.json");
  auto loaded = load_message(text, "fuzz.json", options, map);
  if (!loaded.ok()) {
    check_error(loaded.error());
    return 0;
  }
  auto plugin = make_plugin_settings(options, Place(map), {});
  if (!plugin.ok()) check_error(plugin.error());
  return 0;
}
