;; Constants that are computed.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (global $sum i32 (i32.add (i32.const 40) (i32.const 2)))
  (data (i32.mul (i32.const 4) (i32.const 4)) "weir")
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    global.get $sum i32.const 42 i32.eq
    i32.const 16 i32.load i32.const 0x72696577 i32.eq i32.and)
)
