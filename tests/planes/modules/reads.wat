;; A plugin that tells what it reads. Its configuration has a line for each value: `p source/address` is a
;; property, its path with '/' for the NUL between segments; `q x-name` a header of the request, `s x-name` one of
;; the response. In request headers, response headers, what a client sends on a connection and the log callback it
;; reads all of them, and logs for each `read PHASE LINE: STATUS VALUE`: the phase is `q`, `s`, `d` or `l`, the status
;; a digit, the value its bytes in hex.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  ;; 0: a value's place and size. 16: `read `. 1024: a line of the log. 32768: a property's path. 65536: what
  ;; the host brings, the configuration first.
  (memory (export "memory") 16)
  (data (i32.const 16) "read ")
  (data (i32.const 32) "0123456789abcdef")
  (global $config (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 65536))
  (global $out (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    global.get $free
    (global.set $free (i32.add (global.get $free) (local.get $size))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32) (param $size i32) (result i32)
    (drop (call $get_buffer (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
    (global.set $config (i32.load (i32.const 0)))
    (global.set $size (i32.load (i32.const 4)))
    i32.const 1)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $read_all (i32.const 113))
    i32.const 0)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $read_all (i32.const 115))
    i32.const 0)
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (call $read_all (i32.const 100))
    i32.const 0)
  (func (export "proxy_on_log") (param i32) (call $read_all (i32.const 108)))
  (func $put (param $byte i32)
    (i32.store8 (global.get $out) (local.get $byte))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))
  (func $put_all (param $from i32) (param $size i32)
    (block $all
      (loop $next
        (br_if $all (i32.eqz (local.get $size)))
        (call $put (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next))))
  (func $put_hex (param $from i32) (param $size i32)
    (block $all
      (loop $next
        (br_if $all (i32.eqz (local.get $size)))
        (call $put (i32.load8_u (i32.add (i32.const 32) (i32.shr_u (i32.load8_u (local.get $from)) (i32.const 4)))))
        (call $put (i32.load8_u (i32.add (i32.const 32) (i32.and (i32.load8_u (local.get $from)) (i32.const 15)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next))))
  ;; The end of the line that begins there.
  (func $end_of_line (param $at i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.ge_u (local.get $at) (i32.add (global.get $config) (global.get $size))))
        (br_if $found (i32.eq (i32.load8_u (local.get $at)) (i32.const 10)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    local.get $at)
  (func $read_all (param $phase i32) (local $at i32) (local $end i32)
    (local.set $at (global.get $config))
    (block $all
      (loop $next
        (br_if $all (i32.ge_u (local.get $at) (i32.add (global.get $config) (global.get $size))))
        (local.set $end (call $end_of_line (local.get $at)))
        (call $tell (local.get $phase) (local.get $at) (i32.sub (local.get $end) (local.get $at)))
        (local.set $at (i32.add (local.get $end) (i32.const 1)))
        (br $next))))
  (func $tell (param $phase i32) (param $line i32) (param $size i32) (local $status i32)
    (global.set $free (i32.const 131072))
    (i64.store (i32.const 0) (i64.const 0))
    (local.set $status (call $value (local.get $line) (local.get $size)))
    (global.set $out (i32.const 1024))
    (call $put_all (i32.const 16) (i32.const 5))
    (call $put (local.get $phase))
    (call $put (i32.const 32))
    (call $put_all (local.get $line) (local.get $size))
    (call $put (i32.const 58))
    (call $put (i32.const 32))
    (call $put (i32.add (local.get $status) (i32.const 48)))
    (call $put (i32.const 32))
    (if (i32.eqz (local.get $status))
      (then (call $put_hex (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (drop (call $log (i32.const 2) (i32.const 1024) (i32.sub (global.get $out) (i32.const 1024)))))
  ;; Its place is at 0, its size at 4; the result is the status.
  (func $value (param $line i32) (param $size i32) (result i32)
    (local $kind i32) (local $name i32) (local $i i32)
    (local.set $kind (i32.load8_u (local.get $line)))
    (local.set $name (i32.add (local.get $line) (i32.const 2)))
    (local.set $size (i32.sub (local.get $size) (i32.const 2)))
    (if (i32.ne (local.get $kind) (i32.const 112))
      (then
        (return (call $get_header
          (select (i32.const 0) (i32.const 2) (i32.eq (local.get $kind) (i32.const 113)))
          (local.get $name) (local.get $size) (i32.const 0) (i32.const 4)))))
    (loop $next
      (i32.store8 (i32.add (i32.const 32768) (local.get $i))
        (select (i32.const 0) (i32.load8_u (i32.add (local.get $name) (local.get $i)))
          (i32.eq (i32.load8_u (i32.add (local.get $name) (local.get $i))) (i32.const 47))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $size))))
    (call $get_property (i32.const 32768) (local.get $size) (i32.const 0) (i32.const 4))))
