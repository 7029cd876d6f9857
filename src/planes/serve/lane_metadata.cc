// METADATA of HTTP/2 on its way through the plugins.

#include <utility>

#include "planes/serve/lane.h"
#include "planes/serve/plugin_stream.h"

namespace weir::serve {

void Lane::metadata(HeaderList metadata) {
  if (halted()) return;
  const Running running(running_);
  enter_metadata(0, std::move(metadata));
  end_turn();
}

// It overtakes the body, but no headers: a plugin that has not had those, or has stopped all that
// follows them, gets it afterwards.
void Lane::enter_metadata(Position at, HeaderList metadata) {
  for (; at < plugins_.size(); ++at) {
    PluginStream& plugin = plugins_[plugin_at(at)];
    Stage& stage = stage_at(at);
    if (!stage.headers_seen || stage.flow == Stage::Flow::StoppedAll) {
      return stage.metadata.push_back(std::move(metadata));
    }
    if (plugin.in_service()) plugin.context().on_metadata(direction_, metadata);
    if (halted()) return;
  }
  exit_.metadata(std::move(metadata));
}

void Lane::pass_metadata(Position at) {
  if (stage_at(at).metadata.empty()) return;
  for (HeaderList& one : std::exchange(stage_at(at).metadata, {})) {
    if (halted()) return;
    enter_metadata(at, std::move(one));
  }
}

}  // namespace weir::serve
