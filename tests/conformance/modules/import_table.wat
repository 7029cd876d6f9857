;; Imports a table, which a host of plugins has not.
(module
  (import "env" "table" (table 1 funcref))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
