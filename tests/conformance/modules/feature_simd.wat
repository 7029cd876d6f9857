;; Vectors.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (func $twice (param v128) (result v128) local.get 0 local.get 0 i32x4.add)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 32 i32.const 21 i32x4.splat call $twice v128.store
    i32.const 44 i32.load i32.const 42 i32.eq
    v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
    v128.const i8x16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0
    i8x16.swizzle i8x16.extract_lane_u 3 i32.const 13 i32.eq i32.and)
)
