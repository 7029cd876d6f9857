#pragma once
// A native plugin that takes every configuration and does nothing.

namespace weir::test {

// Makes it known as "auth_native", for the life of the process.
void register_native_plugin();

}  // namespace weir::test
