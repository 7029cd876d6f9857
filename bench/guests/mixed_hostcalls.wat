;; A plugin that makes ten calls of different kinds for each request: it reads a header that is there
;; twice and one that is not, replaces two, reads a property twice, and the time, logs below the
;; level, and counts.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $count (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ":path")
  (data (i32.const 32) "x-absent")
  (data (i32.const 48) "x-one")
  (data (i32.const 64) "x-two")
  (data (i32.const 80) "value")
  (data (i32.const 96) "request\00path")
  (data (i32.const 112) "a line that nobody sees")
  (data (i32.const 144) "mixed_requests")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 144) (i32.const 14) (i32.const 12)))
    i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $get_header
      (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 4)))
    (drop (call $get_header
      (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 4)))
    (drop (call $get_header
      (i32.const 0) (i32.const 32) (i32.const 8) (i32.const 0) (i32.const 4)))
    (drop (call $replace_header
      (i32.const 0) (i32.const 48) (i32.const 5) (i32.const 80) (i32.const 5)))
    (drop (call $replace_header
      (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 80) (i32.const 5)))
    (drop (call $get_property (i32.const 96) (i32.const 12) (i32.const 0) (i32.const 4)))
    (drop (call $get_property (i32.const 96) (i32.const 12) (i32.const 0) (i32.const 4)))
    (drop (call $now (i32.const 200)))
    (drop (call $log (i32.const 0) (i32.const 112) (i32.const 23)))
    (drop (call $count (i32.load (i32.const 12)) (i64.const 1)))
    i32.const 0))
