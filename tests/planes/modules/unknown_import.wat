;; Calls a function that no host has, and starts where that one answers UNIMPLEMENTED.
(module
  (import "env" "proxy_unheard_of" (func $unheard_of (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.eq (call $unheard_of (i32.const 1)) (i32.const 12))))
