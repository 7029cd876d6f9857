;; A known function with another type, and one of an unknown module.
(module
  (import "env" "proxy_log" (func (param i32) (result i32)))
  (import "elsewhere" "function" (func))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
