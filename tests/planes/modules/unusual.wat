;; A plugin that would trap where something came that no plane but Envoy's brings; and that says what
;; envoy_resolve_dns answers.
(module
  (import "env" "envoy_resolve_dns" (func $resolve (param i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-status")
  (data (i32.const 32) "weir.test")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_configure") (param i32 i32) (result i32) i32.const 1)
  (func (export "proxy_on_request_metadata") (param i32 i32) (result i32) unreachable)
  (func (export "proxy_on_response_metadata") (param i32 i32) (result i32) unreachable)
  (func (export "proxy_on_foreign_function") (param i32 i32 i32) unreachable)
  (func (export "envoy_on_resolve_dns") (param i32 i32 i32) unreachable)
  ;; The status is told by a letter: `a` is Ok.
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (i32.store8 (i32.const 48)
      (i32.add (i32.const 97) (call $resolve (i32.const 32) (i32.const 9) (i32.const 0))))
    (drop (call $add (i32.const 2) (i32.const 16) (i32.const 8) (i32.const 48) (i32.const 1)))
    i32.const 0))
