#pragma once
// What the server tells the plugin as a whole, however it came to it: by lines of plugin.config, by
// remap rules, or both.

namespace weir::ats_plane {

// From now on plugins are loaded anew where an operator asks for it. Called any number of times.
// Thread: the server's that reads its configuration.
void listen_to_server();

// Plugins start on each event thread, and do not wait for a request there. Called any number of
// times, once plugins are loaded. Thread: any of the server's, from when it has event threads.
void start_workers();

}  // namespace weir::ats_plane
