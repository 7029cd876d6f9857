;; Starts, until a request has come: that one traps, and from then on it refuses each configuration.
(module
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "down")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    ;; NOT_FOUND
    (i32.eq
      (call $get (i32.const 16) (i32.const 4) (i32.const 64) (i32.const 68) (i32.const 72))
      (i32.const 1)))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $set (i32.const 16) (i32.const 4) (i32.const 16) (i32.const 4) (i32.const 0)))
    unreachable))
