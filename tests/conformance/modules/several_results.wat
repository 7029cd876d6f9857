;; An unknown hostcall that would answer with two values.
(module
  (import "env" "proxy_two" (func $two (param i64 i64) (result i64 i64)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $two (i64.const 1) (i64.const 2))
    i64.or
    i64.eqz))
