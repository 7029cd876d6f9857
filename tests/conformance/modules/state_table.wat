;; A plugin whose code may change a table, so that its started state cannot be kept. Each configure
;; takes one page, defines a metric and adds to it; each stream calls through the table and answers
;; how often its instance was configured.
(module
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem declare func $configured)
  (type $number (func (result i32)))
  (global $times (mut i32) (i32.const 0))
  (data (i32.const 8) "configured")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func $configured (result i32) (global.get $times))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (table.set 0 (i32.const 1) (ref.func $configured))
    (global.set $times (i32.add (global.get $times) (i32.const 1)))
    (drop (call $define (i32.const 0) (i32.const 8) (i32.const 10) (i32.const 0)))
    (drop (call $increment (i32.load (i32.const 0)) (i64.const 1)))
    (drop (call $log (i32.const 2) (i32.const 8) (i32.const 10)))
    (i32.const 1))
  ;; Continues where the instance was configured once.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.ne (call_indirect (type $number) (i32.const 1)) (i32.const 1))))
