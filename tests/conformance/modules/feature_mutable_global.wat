;; A global that the module exports and changes.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (global $count (export "count") (mut i32) (i32.const 41))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    global.get $count i32.const 1 i32.add global.set $count
    global.get $count i32.const 42 i32.eq)
)
