#include "fetch/image_manifest.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fetch/bad_image.h"
#include "fetch/image_digest.h"
#include "fetch/json_text.h"

namespace weir::fetch {
namespace {

using nlohmann::json;

constexpr std::string_view kWhatToPush =
    "push one whose layer is the module, of type application/wasm, or a tar with plugin.wasm";

Fetched<Descriptor> read_descriptor(const json& object) {
  if (!object.is_object()) return bad_image("the manifest has a part that is not an object");
  Descriptor descriptor{.digest = text_at(object, "digest")};
  const auto sha256 = parse_image_digest(descriptor.digest);
  if (!sha256) return bad_image("the manifest has a part whose digest is no sha256");
  descriptor.sha256 = *sha256;
  descriptor.digest = to_image_digest(*sha256);
  const auto size = object.find("size");
  if (size == object.end() || !size->is_number_unsigned()) {
    return bad_image("the manifest has a part without its size");
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
    if (!layer.is_object()) return bad_image("the manifest has a layer that is not an object");
    const bool is_wasm = is_wasm_type(text_at(layer, "mediaType"));
    if (is_wasm && wasm) {
      return bad_image("the image has several layers that are wasm modules",
                       "push an image for each");
    }
    if (wasm && !is_wasm) continue;
    taken = &layer;
    wasm = is_wasm;
  }
  if (taken == nullptr) return bad_image("the image has no layers", kWhatToPush);
  const std::string type = text_at(*taken, "mediaType");
  if (!wasm && !is_tar_type(type)) {
    return bad_image(
        "the image's last layer is neither a tar nor a wasm module, but '" + type + "'",
        kWhatToPush);
  }
  WEIR_TRY(Descriptor blob, read_descriptor(*taken));
  return Manifest(
      PluginLayer{std::move(blob), wasm ? PluginLayer::Form::Wasm : PluginLayer::Form::Tar});
}

std::string platform_of(const json& image) {
  const auto platform = image.find("platform");
  if (platform == image.end() || !platform->is_object()) return "";
  return text_at(*platform, "os") + "/" + text_at(*platform, "architecture");
}

// What BuildKit puts beside an image to say how it was made.
bool is_attestation(const json& image) {
  const auto annotations = image.find("annotations");
  const bool annotated =
      annotations != image.end() && annotations->is_object() &&
      text_at(*annotations, "vnd.docker.reference.type") == "attestation-manifest";
  return annotated || platform_of(image) == "unknown/unknown";
}

// The higher, the more it is the one to take; 0: only where it is alone.
int rank_of(const json& image, const Digest& wanted) {
  if (parse_image_digest(text_at(image, "digest")) == wanted) return 3;
  const std::string platform = platform_of(image);
  if (platform.ends_with("/wasm")) return 2;
  return platform.empty() || platform == "linux/amd64" ? 1 : 0;
}

Fetched<Manifest> read_list(const json& all, const Digest& wanted) {
  std::vector<const json*> images;
  for (const json& image : all) {
    if (!image.is_object()) return bad_image("the list of images has one that is not an object");
    if (!is_attestation(image)) images.push_back(&image);
  }
  if (images.empty()) return bad_image("the list of images has none", kWhatToPush);
  const json* taken = images.front();
  for (const json* image : images) {
    if (rank_of(*image, wanted) > rank_of(*taken, wanted)) taken = image;
  }
  if (images.size() > 1 && rank_of(*taken, wanted) == 0) {
    return bad_image(
        "the list of images has several, and none is for the architecture 'wasm' or for "
        "linux/amd64",
        "push one for these, or name one of them by its digest");
  }
  WEIR_TRY(Descriptor image, read_descriptor(*taken));
  return Manifest(std::move(image));
}

}  // namespace

Fetched<Manifest> read_manifest(std::string_view text, const Digest& wanted) {
  const json manifest = json::parse(text, nullptr, false);
  if (!manifest.is_object()) return bad_image("the manifest is not a JSON object");
  const auto layers = manifest.find("layers");
  const auto images = manifest.find("manifests");
  if (layers != manifest.end() && layers->is_array()) return read_image(*layers);
  if (images != manifest.end() && images->is_array()) return read_list(*images, wanted);
  return bad_image("the manifest has neither layers nor manifests");
}

std::string_view manifest_types() {
  return "application/vnd.oci.image.manifest.v1+json, "
         "application/vnd.docker.distribution.manifest.v2+json, "
         "application/vnd.oci.image.index.v1+json, "
         "application/vnd.docker.distribution.manifest.list.v2+json";
}

}  // namespace weir::fetch
