;; Functions and blocks of several results, and blocks with parameters.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (func $swap (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 5
    block (param i32) (result i32 i64)
      i64.const 6
    end
    call $swap
    i32.const 5 i32.eq
    if (param i64) (result i64)
      i64.const 1 i64.add
    else
      i64.const 2 i64.add
    end
    i64.const 7 i64.eq)
)
