;; A plugin that wants empty values: in the headers and trailers of both directions `x-secret` becomes "" and
;; `x-added` is added as "".
(module
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-secret")
  (data (i32.const 32) "x-added")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  ;; Both are to answer OK.
  (func $blank (param $map i32) (result i32)
    (if (i32.or
        (call $replace (local.get $map) (i32.const 16) (i32.const 8) (i32.const 0) (i32.const 0))
        (call $add (local.get $map) (i32.const 32) (i32.const 7) (i32.const 0) (i32.const 0)))
      (then unreachable))
    i32.const 0)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $blank (i32.const 0)))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (call $blank (i32.const 1)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $blank (i32.const 2)))
  (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
    (call $blank (i32.const 3))))
