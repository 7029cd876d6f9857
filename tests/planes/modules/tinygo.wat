;; The shape of a plugin that TinyGo compiles (-target=wasi): the program's main() runs in `_start`, which has to come
;; first, as the heap is made there; the SDK's allocator and the C allocator lie side by side; WASI is asked for random
;; bytes, the clock and an output; the scheduler exports functions of Asyncify, which nobody outside calls.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 2)
  (data (i32.const 1024) "main\n")
  (data (i32.const 1040) ":path")
  (data (i32.const 1056) "x-tinygo")
  (data (i32.const 1072) "vm started")
  ;; An iovec, and what was written of it.
  (data (i32.const 1088) "\00\04\00\00\05\00\00\00")

  ;; 0 until `_start` has made the heap.
  (global $heap (mut i32) (i32.const 0))
  (global $seed (mut i64) (i64.const 0))

  (func $alloc (param $size i32) (result i32)
    (if (i32.eqz (global.get $heap)) (then unreachable))
    (global.get $heap)
    (global.set $heap
      (i32.and (i32.add (i32.add (global.get $heap) (local.get $size)) (i32.const 15))
               (i32.const -16))))

  (func (export "malloc") (param i32) (result i32) (call $alloc (local.get 0)))
  (func (export "free") (param i32))
  (func (export "calloc") (param i32 i32) (result i32)
    (call $alloc (i32.mul (local.get 0) (local.get 1))))
  (func (export "realloc") (param i32 i32) (result i32) (call $alloc (local.get 1)))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (call $alloc (local.get 0)))

  (func (export "_start")
    (global.set $heap (i32.const 4096))
    (if (call $args_sizes_get (i32.const 1104) (i32.const 1108)) (then (call $proc_exit (i32.const 1))))
    (if (call $args_get (i32.const 1112) (i32.const 1120)) (then (call $proc_exit (i32.const 2))))
    (if (call $random_get (i32.const 1128) (i32.const 8)) (then (call $proc_exit (i32.const 3))))
    (global.set $seed (i64.load (i32.const 1128)))
    (if (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1136))
      (then (call $proc_exit (i32.const 4))))
    (drop (call $fd_write (i32.const 1) (i32.const 1088) (i32.const 1) (i32.const 1096))))

  (func (export "asyncify_start_unwind") (param i32) unreachable)
  (func (export "asyncify_stop_unwind") unreachable)
  (func (export "asyncify_start_rewind") (param i32) unreachable)
  (func (export "asyncify_stop_rewind") unreachable)
  (func (export "asyncify_get_state") (result i32) (i32.const 0))

  (func (export "proxy_abi_version_0_2_0"))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $log (i32.const 2) (i32.const 1072) (i32.const 10)))
    (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  ;; The path comes back in another header, by way of the allocator.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (call $get_header (i32.const 0) (i32.const 1040) (i32.const 5) (i32.const 1144)
              (i32.const 1148))
      (then unreachable))
    (drop (call $replace_header (i32.const 0) (i32.const 1056) (i32.const 8)
                (i32.load (i32.const 1144)) (i32.load (i32.const 1148))))
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_log") (param i32))
  (func (export "proxy_on_delete") (param i32)))
