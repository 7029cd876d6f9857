#include "fetch/image_manifest.h"

#include <nlohmann/json.hpp>

#include "fetch/image_digest.h"
#include "fetch/json_text.h"

namespace weir::fetch {
namespace {

using nlohmann::json;

Fetched<Descriptor> read_descriptor(const json& object) {
  if (!object.is_object()) return final("the manifest has a part that is not an object");
  Descriptor descriptor{.digest = text_at(object, "digest")};
  const auto sha256 = parse_image_digest(descriptor.digest);
  if (!sha256) return final("the manifest has a part whose digest is no sha256");
  descriptor.sha256 = *sha256;
  descriptor.digest = to_image_digest(*sha256);
  const auto size = object.find("size");
  if (size == object.end() || !size->is_number_unsigned()) {
    return final("the manifest has a part without its size");
  }
  descriptor.size = size->get<uint64_t>();
  return descriptor;
}

bool is_wasm_type(std::string_view type) {
  return type == "application/vnd.module.wasm.content.layer.v1+wasm" || type == "application/wasm";
}

bool is_tar_type(std::string_view type) {
  return (type.starts_with("application/vnd.oci.image.layer.v1.tar") ||
          type.starts_with("application/vnd.docker.image.rootfs.diff.tar"));
}

Fetched<Manifest> read_image(const json& layers) {
  const json* taken = nullptr;
  bool wasm = false;
  for (const json& layer : layers) {
    if (!layer.is_object()) return final("the manifest has a layer that is not an object");
    const bool is_wasm = is_wasm_type(text_at(layer, "mediaType"));
    if (is_wasm && wasm) return final("the image has several layers that are wasm modules");
    if (wasm && !is_wasm) continue;
    taken = &layer;
    wasm = is_wasm;
  }
  if (taken == nullptr) return final("the image has no layers");
  const std::string type = text_at(*taken, "mediaType");
  if (!wasm && !is_tar_type(type)) {
    return final("the image's last layer is neither a tar nor a wasm module, but '" + type + "'");
  }
  WEIR_TRY(Descriptor blob, read_descriptor(*taken));
  return Manifest(
      PluginLayer{std::move(blob), wasm ? PluginLayer::Form::Wasm : PluginLayer::Form::Tar});
}

Fetched<Manifest> read_list(const json& images) {
  const json* taken = nullptr;
  for (const json& image : images) {
    if (!image.is_object()) return final("the list of images has one that is not an object");
    const auto platform = image.find("platform");
    const bool is_wasm = platform != image.end() && platform->is_object() &&
                         text_at(*platform, "architecture") == "wasm";
    if (is_wasm || images.size() == 1) taken = &image;
  }
  if (taken == nullptr) {
    return final("the image is a list of several, and none is for the architecture 'wasm'");
  }
  WEIR_TRY(Descriptor image, read_descriptor(*taken));
  return Manifest(std::move(image));
}

}  // namespace

Fetched<Manifest> read_manifest(std::string_view text) {
  const json manifest = json::parse(text, nullptr, false);
  if (!manifest.is_object()) return final("the manifest is not a JSON object");
  const auto layers = manifest.find("layers");
  const auto images = manifest.find("manifests");
  if (layers != manifest.end() && layers->is_array()) return read_image(*layers);
  if (images != manifest.end() && images->is_array()) return read_list(*images);
  return final("the manifest has neither layers nor manifests");
}

std::string_view manifest_types() {
  return "application/vnd.oci.image.manifest.v1+json, "
         "application/vnd.docker.distribution.manifest.v2+json, "
         "application/vnd.oci.image.index.v1+json, "
         "application/vnd.docker.distribution.manifest.list.v2+json";
}

}  // namespace weir::fetch
