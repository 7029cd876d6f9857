;; A plugin that tells a property: of the path in its configuration ("connection.mtls"), each response gets a
;; header `x-value` with the property's bytes, or "absent"; a boolean is 0 or 1, and what is no text has '.' for
;; each byte that a header cannot have. At the stream's end the same is logged.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 3)
  (data (i32.const 16) "x-value")
  (data (i32.const 32) "absent")
  (global $path (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 4096))
  (func (export "proxy_abi_version_0_2_1"))
  ;; What is allocated for a response is not wanted any more when the next one comes.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    global.get $free
    (global.set $free (i32.add (global.get $free) (local.get $size))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32) (param $size i32) (result i32) (local $i i32)
    (drop (call $get_buffer (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
    (global.set $path (i32.load (i32.const 0)))
    (global.set $size (local.get $size))
    (loop $next
      (if (i32.eq (i32.load8_u (i32.add (global.get $path) (local.get $i))) (i32.const 46))
        (then (i32.store8 (i32.add (global.get $path) (local.get $i)) (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $size))))
    i32.const 1)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $read)
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 7)
      (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    i32.const 0)
  (func (export "proxy_on_log") (param i32)
    (call $read)
    (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
  ;; Where it is, to 0, and its size, to 4.
  (func $read (local $at i32) (local $end i32)
    (global.set $free (i32.const 65536))
    (if (call $get_property (global.get $path) (global.get $size) (i32.const 0) (i32.const 4))
      (then (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 6))))
    (if (i32.eq (i32.load (i32.const 4)) (i32.const 1))
      (then (i32.store8 (i32.load (i32.const 0))
        (i32.or (i32.load8_u (i32.load (i32.const 0))) (i32.const 48)))))
    (local.set $at (i32.load (i32.const 0)))
    (local.set $end (i32.add (local.get $at) (i32.load (i32.const 4))))
    (block $all
      (loop $next
        (br_if $all (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.or
              (i32.lt_u (i32.load8_u (local.get $at)) (i32.const 32))
              (i32.ge_u (i32.load8_u (local.get $at)) (i32.const 127)))
          (then (i32.store8 (local.get $at) (i32.const 46))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))))
