;; A plugin that adds 4000 headers to each request and response, of names that are all different: `x-aaaa`, `x-baaa`...
;; Each name is followed by the same long rest.
(module
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-rest-of-the-name-which-is-the-same-in-all-of-them-aaaa")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  ;; The name's letter at that place, of the number in base 16.
  (func $letter (param $place i32) (param $number i32)
    (i32.store8 (local.get $place)
      (i32.add (i32.const 97) (i32.and (local.get $number) (i32.const 15)))))
  (func $flood (param $map i32) (local $i i32)
    (loop $next
      (call $letter (i32.const 68) (local.get $i))
      (call $letter (i32.const 69) (i32.shr_u (local.get $i) (i32.const 4)))
      (call $letter (i32.const 70) (i32.shr_u (local.get $i) (i32.const 8)))
      (drop (call $add (local.get $map) (i32.const 16) (i32.const 56) (i32.const 16) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 4000)))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $flood (i32.const 0)) i32.const 0)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $flood (i32.const 2)) i32.const 0))
