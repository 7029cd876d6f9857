;; A function of a module whose name Weir keeps for what it gives to plugins itself.
(module
  (import "weir" "limit" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
