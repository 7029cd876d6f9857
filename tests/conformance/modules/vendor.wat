;; A vendor's extension of 0.2.1: a marker of its own, hostcalls that nobody else has, WASI under
;; its older name, and an import that is there twice.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_redis_init"
    (func $init (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_redis_call" (func $call (param i32 i32 i32) (result i32)))
  (import "env" "proxy_nothing" (func $nothing))
  (import "wasi_unstable" "path_watch" (func $watch (result i32)))
  (import "wasi_unstable" "sched_yield" (func $yield (result i32)))
  (import "env" "proxy_log" (func $log_again (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "again")
  (func (export "proxy_abi_version_0_2_100"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $nothing)
    (if (call $yield) (then unreachable))
    (if (i32.ne (call $watch) (i32.const 52)) (then unreachable))
    (drop (call $log_again (i32.const 2) (i32.const 16) (i32.const 5)))
    (i32.eq
      (call $init (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
        (i32.const 6) (i32.const 7))
      (i32.const 12))))
