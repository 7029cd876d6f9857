;; Memory that grows step by step to the maximum that the module declares, and no further; the host reads
;; and writes what is new.
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
  (memory (export "memory") 1 5)
  (data (i32.const 16) "grown")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0)

  ;; Grows by one page and uses it: its first and last bytes are zero and can be written; the host writes to its
  ;; last word and reads a line of log in its middle.
  (func $step (param $pages i32)
    (local $start i32)
    (local.set $start (i32.mul (local.get $pages) (i32.const 65536)))
    (if (i32.ne (memory.grow (i32.const 1)) (local.get $pages)) (then unreachable))
    (if (i32.ne (memory.size) (i32.add (local.get $pages) (i32.const 1))) (then unreachable))
    (if (i32.load (local.get $start)) (then unreachable))
    (if (i32.load offset=65532 (local.get $start)) (then unreachable))
    (i32.store (local.get $start) (i32.const -1))
    (i32.store offset=65532 (local.get $start) (i32.const -1))
    (if (call $level (i32.add (local.get $start) (i32.const 65532))) (then unreachable))
    (if (i32.eq (i32.load offset=65532 (local.get $start)) (i32.const -1)) (then unreachable))
    (memory.copy (i32.add (local.get $start) (i32.const 1000)) (i32.const 16) (i32.const 5))
    (if (call $log (i32.const 2) (i32.add (local.get $start) (i32.const 1000)) (i32.const 5))
      (then unreachable))
    ;; INVALID_MEMORY_ACCESS: one byte further there is nothing yet.
    (if (i32.ne (call $level (i32.add (local.get $start) (i32.const 65533))) (i32.const 6))
      (then unreachable)))

  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (i32.ne (memory.grow (i32.const 0)) (i32.const 1)) (then unreachable))
    (call $step (i32.const 1))
    (call $step (i32.const 2))
    (if (i32.ne (memory.grow (i32.const 3)) (i32.const -1)) (then unreachable))
    (call $step (i32.const 3))
    (call $step (i32.const 4))
    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable))
    (if (i32.ne (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))
    (i32.eq (memory.size) (i32.const 5)))

  ;; Beyond the last page there is nothing.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.load (i32.const 327677))))
