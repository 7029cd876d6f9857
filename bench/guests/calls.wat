;; Ten hostcalls of one kind per callback: which, stands beside each.
(module
  (import "env" "proxy_get_current_time_nanoseconds" (func $time (param i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (data (i32.const 0) ":path")
  (data (i32.const 16) "x-bench")
  (data (i32.const 32) "value-1234")
  (data (i32.const 48) "request\00path")

  ;; What it gave away is forgotten: enough for a benchmark.
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $next) (i32.const 100000)) (then (global.set $next (i32.const 65536))))
    (local.get $at))
  (func (export "proxy_abi_version_0_2_1"))

  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 1024)))
    (i32.const 1))

  ;; Nothing.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))

  ;; get_header of :path.
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $get_header (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 1028) (i32.const 1032)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; replace_header of x-bench.
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $replace_header (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 10)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; get_header_pairs.
  (func (export "proxy_on_request_metadata") (param i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $pairs (i32.const 0) (i32.const 1028) (i32.const 1032)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; get_current_time.
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $time (i32.const 1040)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; log below the level.
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $log (i32.const 0) (i32.const 32) (i32.const 10)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; get_property of request.path.
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $property (i32.const 48) (i32.const 12) (i32.const 1028) (i32.const 1032)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0))

  ;; increment of a counter.
  (func (export "proxy_on_response_metadata") (param i32 i32) (result i32)
    (local $i i32)
    (loop $again
      (drop (call $increment (i32.load (i32.const 1024)) (i64.const 1)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
    (i32.const 0)))
