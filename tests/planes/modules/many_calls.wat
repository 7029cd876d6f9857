;; A plugin that always has calls under way: every 2 ms it makes five to the cluster `auth`, and lets their
;; answers pass.
(module
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_each (param i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "auth")
  ;; A header map: three pairs, their sizes, their text.
  (data (i32.const 128)
    "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\05\00\00\00\0a\00\00\00\04\00\00\00"
    ":method\00GET\00:path\00/root\00:authority\00auth\00")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $tick_each (i32.const 2)))
    i32.const 1)
  (func (export "proxy_on_tick") (param i32)
    (call $call) (call $call) (call $call) (call $call) (call $call))
  (func $call
    (drop (call $http_call
      (i32.const 16) (i32.const 4)
      (i32.const 128) (i32.const 68) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 5000) (i32.const 4))))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)))
