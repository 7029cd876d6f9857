;; Vectors whose results may differ among processors, used where they do not.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    v128.const f32x4 2 2 2 2 v128.const f32x4 3 3 3 3 v128.const f32x4 1 1 1 1
    f32x4.relaxed_madd f32x4.extract_lane 2 f32.const 7 f32.eq)
)
