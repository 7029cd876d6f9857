;; ABI 0.1.0 to the letter: functions that answer nothing, header callbacks with two parameters.
(module
  (import "env" "proxy_continue_request" (func $continue_request))
  (import "env" "proxy_continue_response" (func $continue_response))
  (import "env" "proxy_clear_route_cache" (func $clear_route_cache))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_1_0"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
    (call $clear_route_cache)
    (call $continue_response)
    (call $continue_request)
    (i32.const 1)))
