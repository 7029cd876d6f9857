;; References as values, two tables, and what changes tables.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (table $outer 2 8 externref)
  (table $functions 1 8 funcref)
  (elem declare func $seven)
  (type $number (func (result i32)))
  (func $seven (type $number) i32.const 7)
  (func $is_null (param externref) (result i32) local.get 0 ref.is_null)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    ref.null extern call $is_null
    ref.func $seven i32.const 2 table.grow $functions i32.const 1 i32.eq i32.and
    table.size $functions i32.const 3 i32.eq i32.and
    i32.const 0 ref.func $seven table.set $functions
    i32.const 0 ref.null func i32.const 0 table.fill $functions
    i32.const 0 table.get $functions ref.is_null i32.eqz i32.and
    i32.const 2 call_indirect $functions (type $number) i32.const 7 i32.eq i32.and
    i32.const 1 table.get $outer ref.null extern local.get 0 select (result externref) ref.is_null
    i32.and)
)
