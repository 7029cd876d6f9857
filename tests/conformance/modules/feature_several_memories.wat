;; Two memories.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (memory $other 1)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 0 i32.const 42 i32.store $other
    i32.const 0 i32.load i32.eqz)
)
