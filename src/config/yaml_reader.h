#pragma once
// Feeds a YAML text to a DocumentBuilder.

#include <string_view>

#include "config/document_builder.h"

namespace weir::config {

// What is wrong with the text is the builder's failure().
void read_yaml(std::string_view text, DocumentBuilder& builder);

}  // namespace weir::config
