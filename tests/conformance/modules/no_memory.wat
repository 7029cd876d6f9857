;; Has no memory: whatever address it passes is outside.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (i32.ne (call $log (i32.const 2) (i32.const 0) (i32.const 1)) (i32.const 6))
      (then unreachable))
    (if (i32.ne (call $level (i32.const 0)) (i32.const 6)) (then unreachable))
    (if (i32.ne (call $random (i32.const 0) (i32.const 1)) (i32.const 21)) (then unreachable))
    ;; Nothing at all may be anywhere.
    (i32.eqz (call $log (i32.const 2) (i32.const 0) (i32.const 0)))))
