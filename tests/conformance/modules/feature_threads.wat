;; An atomic operation.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 0 i32.const 1 i32.atomic.rmw.add drop
    i32.const 0 i32.atomic.load i32.const 1 i32.eq)
)
