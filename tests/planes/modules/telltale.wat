;; Logs what it is given, "vm: " and the VM's configuration, "plugin: " and its own. When a request's
;; headers come it stops (StopIteration); when the body has come, it adds the request header `x-body: seen` and
;; lets the request go on.
(module
  (import "env" "proxy_get_buffer_bytes"
    (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "x-body")
  (data (i32.const 32) "seen")
  (func (export "proxy_abi_version_0_2_1"))
  ;; What is allocated follows the place of a prefix of 8 bytes.
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1032)
  ;; Logs 8 bytes of prefix and the buffer of this kind.
  (func $tell (param $kind i32) (param $prefix i64) (param $size i32)
    (i32.store (i32.const 72) (i32.const 0))
    (drop (call $get_buffer (local.get $kind) (i32.const 0) (local.get $size)
      (i32.const 64) (i32.const 72)))
    (i64.store (i32.const 1024) (local.get $prefix))
    (drop (call $log (i32.const 2) (i32.const 1024)
      (i32.add (i32.const 8) (i32.load (i32.const 72))))))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    ;; Little-endian "vm:     ".
    (call $tell (i32.const 6) (i64.const 0x20202020203a6d76) (local.get 1))
    i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    ;; "plugin: ".
    (call $tell (i32.const 7) (i64.const 0x203a6e6967756c70) (local.get 1))
    i32.const 1)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ;; With the end of the stream there is no body to wait for.
    (i32.xor (local.get 2) (i32.const 1)))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (drop (call $add_header (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 32) (i32.const 4)))
    i32.const 0))
