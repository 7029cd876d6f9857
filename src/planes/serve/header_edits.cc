#include "planes/serve/header_edits.h"

namespace weir::serve {

void edit(abi::HeaderList& headers, const config::HeaderEdits& edits) {
  using Action = config::HeaderEdit::Action;
  for (const std::string& name : edits.remove) headers.remove(name);
  for (const config::HeaderEdit& header : edits.add) {
    const bool append = header.action == Action::Append;
    const bool present = !append && headers.find(header.name).has_value();
    if (header.action == Action::AddIfAbsent && present) continue;
    if (header.action == Action::OverwriteIfPresent && !present) continue;
    static_cast<void>(present ? headers.replace(header.name, header.value)
                              : headers.add(header.name, header.value));
  }
}

}  // namespace weir::serve
