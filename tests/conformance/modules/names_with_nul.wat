;; Names of an import and of an export with a byte in them that ends a text in C.
(module
  (import "env" "proxy_a\00b" (func))
  (memory (export "memory") 1)
  (func (export "c\00d"))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
