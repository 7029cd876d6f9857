#include "planes/serve/header_edits.h"

#include <string>

namespace weir::serve {
namespace {

// Of what a message has once, two lines would be read in two ways: Envoy makes a list of them.
bool appended_to_line(abi::HeaderList& headers, const config::HeaderEdit& header) {
  if (header.name != "content-type") return false;
  const auto first = headers.find(header.name);
  if (!first) return false;
  static_cast<void>(headers.replace(header.name, std::string(*first) + "," + header.value));
  return true;
}

}  // namespace

void edit(abi::HeaderList& headers, const config::HeaderEdits& edits) {
  using Action = config::HeaderEdit::Action;
  for (const std::string& name : edits.remove) headers.remove(name);
  for (const config::HeaderEdit& header : edits.add) {
    const bool append = header.action == Action::Append;
    if (append && appended_to_line(headers, header)) continue;
    const bool present = !append && headers.find(header.name).has_value();
    if (header.action == Action::AddIfAbsent && present) continue;
    if (header.action == Action::OverwriteIfPresent && !present) continue;
    static_cast<void>(present ? headers.replace(header.name, header.value)
                              : headers.add(header.name, header.value));
  }
}

}  // namespace weir::serve
