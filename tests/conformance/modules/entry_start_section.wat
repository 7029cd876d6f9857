;; Begins while it is instantiated. What it calls there sees its memory.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $time (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "start section")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func $start
    (if (call $time (i32.const 0) (i64.const 1) (i32.const 64)) (then unreachable))
    (if (i64.eqz (i64.load (i32.const 64))) (then unreachable))
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 13))))
  (start $start))
