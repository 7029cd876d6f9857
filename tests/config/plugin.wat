;; A plugin that does nothing and takes every configuration, save "refuse", and "fault", on which it traps. It
;; looks at their lengths alone.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func $take (param $bytes i32) (result i32)
    (if (i32.eq (local.get $bytes) (i32.const 5)) (then unreachable))
    (i32.ne (local.get $bytes) (i32.const 6)))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $take (local.get 1)))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $take (local.get 1))))
