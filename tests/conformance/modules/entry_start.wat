;; A command: begins by _start. A main beside it is _start's to call.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "start")
  (func (export "proxy_abi_version_0_2_0"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 0)
  (func (export "main") (param i32 i32) (result i32) unreachable)
  (func (export "_start")
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 5)))))
