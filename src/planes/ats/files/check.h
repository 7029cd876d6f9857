#pragma once
// A file of Traffic Server's, tried out without the server.

#include <string>
#include <string_view>

#include "config/document.h"
#include "planes/common/plugin_trial.h"

namespace weir::ats_plane {

// Whether a document is such a file rather than another configuration of Weir's: it names a plugin
// (plugin_file.h) or ports (tcp_file.h).
bool is_of_traffic_server(const config::Node& root);

// Starts and configures the plugin of the file, or those of the files of its ports, which lie from
// the supply's folder on, as all relative paths do; reads the certificates of the ports' upstreams.
// Opens no port. `name` is the file's, for errors. Blocks.
planes::CheckReport check_file(std::string_view text, const std::string& name,
                               const planes::CodeSupply& supply, runtime::Host& host);

}  // namespace weir::ats_plane
