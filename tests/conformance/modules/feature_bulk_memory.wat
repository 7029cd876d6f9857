;; Bulk memory operations. As in all these files, proxy_on_vm_start answers 1 where they do as they should.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (data $text "weir")
  (table 4 funcref)
  (elem $functions func $seven)
  (func $seven (result i32) i32.const 7)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 0 i32.const 0x61 i32.const 16 memory.fill
    i32.const 4 i32.const 0 i32.const 4 memory.init $text
    i32.const 5 i32.const 4 i32.const 8 memory.copy
    data.drop $text
    i32.const 1 i32.const 0 i32.const 1 table.init $functions
    i32.const 2 i32.const 1 i32.const 1 table.copy
    elem.drop $functions
    i32.const 4 i64.load i64.const 0x6161617269657777 i64.eq
    i32.const 2 call_indirect (result i32) i32.const 7 i32.eq
    i32.and)
)
