;; Begins with more in all its tables together than one instance may have, and with less in each.
(module
  (table 300000 funcref)
  (table 300000 funcref)
  (table 300000 funcref)
  (table 300000 funcref)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
