(module
  (import "env" "table" (table 1 2 funcref))
  (import "env" "memory" (memory 1 16))
  (import "env" "f" (func (result i32)))
  (import "env" "global" (global (mut i64)))
  (import "env" "tag" (tag (param i32)))
  (export "again" (table 0))
  (export "memory" (memory 0)))
