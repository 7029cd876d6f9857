;; Exceptions in their older form.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (tag $thrown (param i32))
  (func $throw (param i32) local.get 0 throw $thrown)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    try (result i32)
      i32.const 42 call $throw
      i32.const 0
    catch $thrown
    end
    i32.const 42 i32.eq)
)
