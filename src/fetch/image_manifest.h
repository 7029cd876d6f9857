#pragma once
// Manifests of images: what an image is made of.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/sha256.h"
#include "fetch/failure.h"

namespace weir::fetch {

// A part of an image, by its digest.
struct Descriptor {
  std::string digest;  // "sha256:" and 64 digits
  Digest sha256{};
  uint64_t size = 0;
};

// The layer that holds the plugin.
struct PluginLayer {
  enum class Form : uint8_t {
    Wasm,  // the module itself
    Tar,   // a tar with plugin.wasm
  };
  Descriptor blob;
  Form form = Form::Tar;
};

// A list of images for several platforms leads to the one to take.
using Manifest = std::variant<PluginLayer, Descriptor>;

// Takes the manifests of OCI and of Docker. An image with a layer of the Wasm artifact types
// (application/vnd.module.wasm.content.layer.v1+wasm, application/wasm) is that module; of any
// other the last layer is taken. Of a list that image is whose manifest has the `wanted` hash, else
// the one for the architecture "wasm", else the one for linux/amd64, on every machine alike, as
// Istio does, else the only one. Attestations, which say how an image was made, are none.
Fetched<Manifest> read_manifest(std::string_view json, const Digest& wanted = {});

// What read_manifest() takes, for an Accept header.
std::string_view manifest_types();

}  // namespace weir::fetch
