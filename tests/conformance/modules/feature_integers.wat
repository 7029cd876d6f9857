;; Sign extensions and saturating conversions.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    i32.const 0x80 i32.extend8_s i32.const -128 i32.eq
    i32.const 0x8000 i32.extend16_s i32.const -32768 i32.eq i32.and
    i64.const 0x80 i64.extend8_s i64.const -128 i64.eq i32.and
    i64.const 0x8000 i64.extend16_s i64.const -32768 i64.eq i32.and
    i64.const 0x80000000 i64.extend32_s i64.const -2147483648 i64.eq i32.and
    f32.const 1e20 i32.trunc_sat_f32_s i32.const 0x7fffffff i32.eq i32.and
    f64.const -1e20 i32.trunc_sat_f64_u i32.eqz i32.and
    f64.const nan i64.trunc_sat_f64_s i64.eqz i32.and
    f32.const -1e30 i64.trunc_sat_f32_s i64.const 0x8000000000000000 i64.eq i32.and)
)
