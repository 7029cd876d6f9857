#pragma once
// Feeds a JSON text to a DocumentBuilder.

#include <string_view>

#include "config/document_builder.h"

namespace weir::config {

// What becomes of a text that is not JSON: a failure of the builder, or nothing, for a caller who
// then takes it for YAML.
enum class OnBadJson { Report, Leave };

// False if the text is not JSON. The builder may have failed either way.
bool read_json(std::string_view text, DocumentBuilder& builder, OnBadJson on_bad_json);

}  // namespace weir::config
