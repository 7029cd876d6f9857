;; A plugin that lets requests pass and calls the cluster `auth` for each; when that has answered, it answers the
;; stream with 418. It logs `a piece` for each piece of a request's body.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $act_for (param i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "auth")
  (data (i32.const 32) "a piece")
  ;; A header map: three pairs, their sizes, their text.
  (data (i32.const 128)
    "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\05\00\00\00\0a\00\00\00\04\00\00\00"
    ":method\00GET\00:path\00/call\00:authority\00auth\00")
  (global $stream (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
    (global.set $stream (local.get $stream))
    (drop (call $http_call
      (i32.const 16) (i32.const 4) (i32.const 128) (i32.const 68) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 4)))
    i32.const 0)
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 32) (i32.const 7)))
    i32.const 0)
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (drop (call $act_for (global.get $stream)))
    (drop (call $answer (i32.const 418) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const -1)))))
