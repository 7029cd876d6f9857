;; As some compilers name it: main without parameters.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "initialize")
  (data (i32.const 32) "main")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "_initialize")
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 10))))
  (func (export "__main_void") (result i32)
    (drop (call $log (i32.const 2) (i32.const 32) (i32.const 4)))
    i32.const 0))
