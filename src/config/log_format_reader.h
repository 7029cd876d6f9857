#pragma once
// From the messages of log formats to formats taken apart.

#include "base/result.h"
#include "config/log_format.h"
#include "config/source_map.h"
#include "weir/envoy/substitution_format.pb.h"

namespace weir::config {

// The errors name the text that has a wrong operator.
Result<LogFormat> read_log_format(const envoy::config::core::v3::SubstitutionFormatString& message,
                                  const Place& at);
Result<LogFormat> read_text_format(const std::string& text, const Place& at);
Result<LogFormat> read_json_format(const google::protobuf::Struct& message, const Place& at);

}  // namespace weir::config
