;; Imports a function of a vector, which cannot leave an instance.
(module
  (import "env" "vector" (func (param v128)))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
