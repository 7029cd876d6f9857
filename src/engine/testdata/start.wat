;; A start section that calls out with an address in its memory, and goes on for ever if told to.
(module
  (import "env" "in_start" (func $in_start (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "started")
  (func $start
    i32.const 8 call $in_start
    (if (then (loop br 0))))
  (start $start)
  (func (export "empty")))
