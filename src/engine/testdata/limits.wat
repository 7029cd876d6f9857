;; A guest that goes on, or goes deep, in every way there is.
(module $limits
  (import "env" "nothing" (func $nothing))
  (import "env" "call_back" (func $call_back (param i32) (result i32)))
  (memory (export "memory") 2)
  (table 2 funcref)
  (elem (i32.const 0) $recurse_by_table $fibonacci)
  (type $number (func (param i32) (result i32)))

  ;; ---- Without end ----
  (func (export "spin") (loop br 0))
  (func (export "spin_inside") (param i32)
    (block (loop (loop (br_if 2 (local.get 0)) br 1))))
  (func $small (param i32) (result i32) local.get 0 i32.const 1 i32.add)
  (func (export "spin_calling") (loop i32.const 1 call $small drop br 0))
  (func (export "spin_calling_out") (loop call $nothing br 0))
  (func (export "spin_filling")
    (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 131072)) br 0))
  (func (export "spin_copying")
    (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 131071)) br 0))
  ;; 2^60 calls, no more than 60 deep, and no loop.
  (func $branch (export "spin_branching") (param i32)
    (if (local.get 0)
      (then (call $branch (i32.sub (local.get 0) (i32.const 1)))
            (call $branch (i32.sub (local.get 0) (i32.const 1))))))

  ;; ---- Without bottom ----
  (func $recurse (export "recurse") (result i32) call $recurse i32.const 1 i32.add)
  (func $even (export "recurse_by_turns") (result i32) call $odd i32.const 1 i32.add)
  (func $odd (result i32) call $even i32.const 1 i32.add)
  (func $recurse_by_table (export "recurse_by_table") (param i32) (result i32)
    (i32.add (i32.const 1) (call_indirect (type $number) (local.get 0) (i32.const 0))))
  ;; A large frame each time: a hundred operands wait for the call.
  (func $wide (export "recurse_wide") (param f64) (result f64)
    (local f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64)
    (local.set 1 (f64.mul (local.get 0) (f64.const 1.1)))
    (local.set 2 (f64.mul (local.get 1) (f64.const 1.2)))
    (local.set 3 (f64.mul (local.get 2) (f64.const 1.3)))
    (local.set 4 (f64.mul (local.get 3) (f64.const 1.4)))
    local.get 1 local.get 2 local.get 3 local.get 4
    (call $wide (local.get 4))
    f64.add f64.add f64.add f64.add)

  ;; ---- With both ----
  (func $depth (export "depth") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  ;; Goes 100 deep, so many times.
  (func (export "depth_often") (param i32) (result i32)
    (local i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (call $depth (i32.const 100))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    local.get 1)
  ;; The same by way of the host, which calls `deeper`.
  (func (export "deeper") (param i32) (result i32) (call $depth (local.get 0)))
  (func (export "deeper_by_host_often") (param i32) (result i32)
    (local i32)
    (loop
      (local.set 1 (i32.add (local.get 1) (call $call_back (i32.const 100))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    local.get 1)
  (func $fibonacci (export "fibonacci") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call_indirect (type $number) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))
        (call $fibonacci (i32.sub (local.get 0) (i32.const 2)))))))

  (func (export "grow_memory") (param i32) (result i32) local.get 0 memory.grow))
