;; A plugin that asks for everything that must not go onto a connection, and removes what Envoy
;; needs. It lets the messages pass.
(module
  (import "env" "proxy_replace_header_map_value"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value"
    (func $remove (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_header_map_pairs" (func $set_all (param i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ":path")
  (data (i32.const 32) ":method")
  (data (i32.const 48) ":authority")
  (data (i32.const 64) ":scheme")
  (data (i32.const 80) ":status")
  (data (i32.const 96) "transfer-encoding")
  (data (i32.const 128) "a\0d\0ainjected: 1")
  (data (i32.const 160) "no token")
  (data (i32.const 176) "fine")
  (data (i32.const 192) "\00\00\00\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func $attack (param $map i32)
    (drop (call $set_all (local.get $map) (i32.const 192) (i32.const 4)))
    (drop (call $remove (local.get $map) (i32.const 16) (i32.const 5)))
    (drop (call $remove (local.get $map) (i32.const 32) (i32.const 7)))
    (drop (call $remove (local.get $map) (i32.const 48) (i32.const 10)))
    (drop (call $remove (local.get $map) (i32.const 64) (i32.const 7)))
    (drop (call $remove (local.get $map) (i32.const 80) (i32.const 7)))
    ;; Lines and spaces where there may be none.
    (drop (call $set
      (local.get $map) (i32.const 16) (i32.const 5) (i32.const 128) (i32.const 14)))
    (drop (call $set
      (local.get $map) (i32.const 32) (i32.const 7) (i32.const 160) (i32.const 8)))
    (drop (call $set
      (local.get $map) (i32.const 80) (i32.const 7) (i32.const 176) (i32.const 4)))
    (drop (call $set
      (local.get $map) (i32.const 80) (i32.const 7) (i32.const 176) (i32.const 0)))
    (drop (call $add
      (local.get $map) (i32.const 176) (i32.const 4) (i32.const 128) (i32.const 14)))
    (drop (call $add
      (local.get $map) (i32.const 160) (i32.const 8) (i32.const 176) (i32.const 4)))
    (drop (call $add
      (local.get $map) (i32.const 96) (i32.const 17) (i32.const 176) (i32.const 4)))
    ;; Nothing has stopped.
    (drop (call $continue (i32.const 0)))
    (drop (call $continue (i32.const 1))))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $attack (i32.const 0))
    i32.const 0)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $attack (i32.const 2))
    i32.const 0))
