;; The same of the other module that is Weir's own.
(module
  (import "weir-look" "other" (func))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
