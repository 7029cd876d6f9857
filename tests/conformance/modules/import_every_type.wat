;; Unknown functions of every type of number, alone and mixed, with as many parameters as there may be.
(module
  (import "env" "none" (func $none))
  (import "env" "i32" (func $i32 (param i32) (result i32)))
  (import "env" "i64" (func $i64 (param i64) (result i64)))
  (import "env" "f32" (func $f32 (param f32) (result f32)))
  (import "env" "f64" (func $f64 (param f64) (result f64)))
  (import "env" "mixed" (func $mixed (param i32 f64 i64 f32 i32) (result f64)))
  (import "env" "wide"
    (func $wide (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result i64)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  ;; What is unknown answers UNIMPLEMENTED (12) where that fits, and zero elsewhere.
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $none)
    (if (i32.ne (call $i32 (i32.const -1)) (i32.const 12)) (then unreachable))
    (if (i64.ne (call $i64 (i64.const -1)) (i64.const 0)) (then unreachable))
    (if (f32.ne (call $f32 (f32.const 1.5)) (f32.const 0)) (then unreachable))
    (if (f64.ne (call $f64 (f64.const 2.5)) (f64.const 0)) (then unreachable))
    (if (f64.ne
        (call $mixed (i32.const 1) (f64.const 2) (i64.const 3) (f32.const 4) (i32.const 5))
        (f64.const 0))
      (then unreachable))
    (i64.eqz
      (call $wide
        (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
        (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8)
        (i32.const 9) (i64.const 10) (f32.const 11) (f64.const 12)
        (i32.const 13) (i64.const 14) (f32.const 15) (f64.const 16)))))
