;; Logs "request metadata of N" and "response metadata of N" when METADATA of HTTP/2 comes, N (below 10) being the
;; number of its entries, as the callbacks are told. More than three entries of a request are answered with 403.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "request metadata of ?")
  (data (i32.const 64) "response metadata of ?")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_metadata") (param $context i32) (param $entries i32) (result i32)
    (i32.store8 (i32.const 36) (i32.add (local.get $entries) (i32.const 48)))
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 21)))
    (if (i32.gt_u (local.get $entries) (i32.const 3))
      (then (drop (call $answer (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const -1)))))
    i32.const 0)
  (func (export "proxy_on_response_metadata") (param $context i32) (param $entries i32) (result i32)
    (i32.store8 (i32.const 85) (i32.add (local.get $entries) (i32.const 48)))
    (drop (call $log (i32.const 2) (i32.const 64) (i32.const 22)))
    i32.const 0))
