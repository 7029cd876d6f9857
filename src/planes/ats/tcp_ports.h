#pragma once
// The ports that one file names, while the server runs.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "planes/ats/tcp_listener.h"

namespace weir::ats_plane {

// Opens the ports, and has the plane look into the file each time that plugins are loaded anew:
// a port then gets the plugins that the file names now. All else of a port is as it was opened, for
// as long as the server runs; what has changed there is logged. Thread: the server's that reads its
// configuration.
Done open_tcp_ports(Plane& plane, const std::filesystem::path& path, std::vector<TcpPort> ports,
                    const std::string& folder);

}  // namespace weir::ats_plane
