;; Faults by the first letter of a request's path, in so little code that every engine compiles it at once: /unreachable,
;; /loop, /recursion, /wild, /memory. What else comes passes.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) ":path")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 65536)
  (func $loop (loop $again (br $again)))
  (func $recurse (param i32) (result i32)
    (i32.add (local.get 0) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
  (func $exhaust
    (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    unreachable)
  (func $path_is (param $letter i32) (result i32)
    (i32.eq (local.get $letter) (i32.load8_u offset=1 (i32.load (i32.const 64)))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (call $get_header
        (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 64) (i32.const 68))
      (then unreachable))
    (if (call $path_is (i32.const 0x75)) (then unreachable))
    (if (call $path_is (i32.const 0x6c)) (then (call $loop)))
    (if (call $path_is (i32.const 0x72)) (then (drop (call $recurse (i32.const 0)))))
    (if (call $path_is (i32.const 0x77)) (then (drop (i32.load (i32.const -8)))))
    (if (call $path_is (i32.const 0x6d)) (then (call $exhaust)))
    i32.const 0))
