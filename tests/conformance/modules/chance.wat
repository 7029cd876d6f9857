;; What it does to be configured goes by the size of its configuration: 1 asks for the time, 2 for random bytes,
;; and more is another state of its memory.
(module
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    (if (i32.eq (local.get $size) (i32.const 1))
      (then (drop (call $time (i32.const 64)))))
    (if (i32.eq (local.get $size) (i32.const 2))
      (then (drop (call $random (i32.const 64) (i32.const 8)))))
    (if (i32.gt_u (local.get $size) (i32.const 2))
      (then (i32.store (i32.const 64) (local.get $size))))
    i32.const 1))
