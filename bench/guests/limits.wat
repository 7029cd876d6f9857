;; What the limits pass makes dearer: rounds of a loop, calls, and entering a function.
(module
  (memory (export "memory") 2)
  (func (export "empty") (param i32) (result i32) (local.get 0))

  ;; Adds up the words of a page, so many times.
  (func (export "loop") (param $times i32) (result i32)
    (local $at i32) (local $sum i32)
    (loop $again
      (local.set $at (i32.const 0))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 65536))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum))

  (func $fibonacci (export "calls") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else (i32.add (call $fibonacci (i32.sub (local.get $n) (i32.const 1)))
                     (call $fibonacci (i32.sub (local.get $n) (i32.const 2))))))))
