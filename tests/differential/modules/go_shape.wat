;; The shape of a plugin that Go compiles: a function has no locals worth the name, but a frame on a stack in memory, and
;; may be left and come back to in the middle. Its parameter says where it goes on, by a br_table over blocks in each
;; other; where it answers 1, all that have called it are left too, and a loop at the bottom goes on from the addresses
;; on the stack: which function of the table (the upper bits) and where in it (the lower 16).
(module
  (type $code (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 4)
  (data (i32.const 1024) "go\n")
  (data (i32.const 1040) ":path")
  (data (i32.const 1056) "x-fibonacci")
  (data (i32.const 1088) "0123456789abcdef")
  ;; An iovec, and what was written of it.
  (data (i32.const 1120) "\00\04\00\00\03\00\00\00")
  ;; From 1136: where a header's value is told; from 1152: the answer's text.

  (table 3 funcref)
  (elem (i32.const 1) $fibonacci $yield)

  (global $sp (mut i32) (i32.const 65536))
  (global $returns_to (mut i64) (i64.const 0))
  (global $yields (mut i64) (i64.const 0))
  (global $heap (mut i32) (i32.const 65536))

  (func $push (param $address i64)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 8)))
    (i64.store (global.get $sp) (local.get $address)))
  (func $pop (result i64)
    (i64.load (global.get $sp))
    (global.set $sp (i32.add (global.get $sp) (i32.const 8))))

  ;; Leaves everybody; whoever has called it goes on later.
  (func $yield (type $code)
    (global.set $yields (i64.add (global.get $yields) (i64.const 1)))
    (i32.const 1))

  ;; Frame: 0 argument and 8 result of whom it calls, 16 kept. Above: 24 return address, 32 argument, 40 result.
  (func $fibonacci (type $code)
    (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 (local.get 0)))
      (global.set $sp (i32.sub (global.get $sp) (i32.const 24)))
      (br_if $2 (i64.ge_u (i64.load offset=32 (global.get $sp)) (i64.const 2)))
      (if (i64.eqz (i64.load offset=32 (global.get $sp)))
        (then
          (call $push (i64.const 0x10001))
          (if (call_indirect (type $code) (i32.const 0) (i32.const 2))
            (then (return (i32.const 1))))
          (drop (call $pop)))))
      ;; 1
      (i64.store offset=40 (global.get $sp) (i64.load offset=32 (global.get $sp)))
      (global.set $returns_to (i64.load offset=24 (global.get $sp)))
      (global.set $sp (i32.add (global.get $sp) (i32.const 32)))
      (return (i32.const 0)))
      ;; 2
      (i64.store (global.get $sp)
        (i64.sub (i64.load offset=32 (global.get $sp)) (i64.const 1)))
      (call $push (i64.const 0x10003))
      (if (call_indirect (type $code) (i32.const 0) (i32.const 1))
        (then (return (i32.const 1)))))
      ;; 3
      (i64.store offset=16 (global.get $sp) (i64.load offset=8 (global.get $sp)))
      (i64.store (global.get $sp)
        (i64.sub (i64.load offset=32 (global.get $sp)) (i64.const 2)))
      (call $push (i64.const 0x10004))
      (if (call_indirect (type $code) (i32.const 0) (i32.const 1))
        (then (return (i32.const 1)))))
    ;; 4
    (i64.store offset=40 (global.get $sp)
      (i64.add (i64.load offset=16 (global.get $sp)) (i64.load offset=8 (global.get $sp))))
    (global.set $returns_to (i64.load offset=24 (global.get $sp)))
    (global.set $sp (i32.add (global.get $sp) (i32.const 32)))
    (i32.const 0))

  ;; Calls fibonacci, and goes on with whatever has been left, until the bottom of the stack.
  (func $run (param $argument i64) (result i64)
    (local $at i64)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
    (i64.store (global.get $sp) (local.get $argument))
    (call $push (i64.const 0))
    (local.set $at (i64.const 0x10000))
    (loop $on
      (local.set $at
        (if (result i64)
            (call_indirect (type $code)
              (i32.and (i32.wrap_i64 (local.get $at)) (i32.const 0xffff))
              (i32.wrap_i64 (i64.shr_u (local.get $at) (i64.const 16))))
          (then (call $pop))
          (else (global.get $returns_to))))
      (br_if $on (i64.ne (local.get $at) (i64.const 0))))
    (i64.load offset=8 (global.get $sp))
    (global.set $sp (i32.add (global.get $sp) (i32.const 16))))

  ;; Eight hexadecimal digits.
  (func $write_number (param $value i64)
    (local $digit i32)
    (local.set $digit (i32.const 8))
    (loop $on
      (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
      (i32.store8 offset=1152 (local.get $digit)
        (i32.load8_u offset=1088 (i32.wrap_i64 (i64.and (local.get $value) (i64.const 15)))))
      (local.set $value (i64.shr_u (local.get $value) (i64.const 4)))
      (br_if $on (local.get $digit))))

  (func (export "_initialize")
    (drop (call $fd_write (i32.const 1) (i32.const 1120) (i32.const 1) (i32.const 1128))))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (global.get $heap)
    (global.set $heap
      (i32.and (i32.add (i32.add (global.get $heap) (local.get $size)) (i32.const 15))
               (i32.const -16))))

  (func (export "proxy_abi_version_0_2_0"))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  ;; The Fibonacci number of the path's length comes back in a header.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (call $get_header (i32.const 0) (i32.const 1040) (i32.const 5) (i32.const 1136)
              (i32.const 1140))
      (then unreachable))
    (call $write_number
      (call $run (i64.extend_i32_u (i32.and (i32.load (i32.const 1140)) (i32.const 15)))))
    (drop (call $log (i32.const 2) (i32.const 1152) (i32.const 8)))
    (drop (call $replace_header (i32.const 0) (i32.const 1056) (i32.const 11)
                (i32.const 1152) (i32.const 8)))
    (i32.const 0))
  (func (export "proxy_on_done") (param i32) (result i32) (i32.const 1))
  (func (export "proxy_on_log") (param i32)
    (call $write_number (global.get $yields))
    (drop (call $log (i32.const 2) (i32.const 1152) (i32.const 8)))))
