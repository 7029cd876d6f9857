;; Calls that take no stack, direct and by a table.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $down)
  (type $step (func (param i32) (result i32)))
  (func $down (type $step)
    local.get 0 i32.eqz if i32.const 42 return end
    local.get 0 i32.const 1 i32.sub i32.const 0 return_call_indirect (type $step))
  (func $start (param i32) (result i32) local.get 0 return_call $down)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 200000 call $start i32.const 42 i32.eq)
)
