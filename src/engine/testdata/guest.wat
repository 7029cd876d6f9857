;; What the tests of the engine seam ask of a guest.
(module $guest
  (import "env" "add_one" (func $add_one (param i32) (result i32)))
  (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
  (import "env" "add_one" (func $add_one_again (param i32) (result i32)))
  (import "env" "refuse" (func $refuse))
  (import "env" "call_back" (func $call_back (param i32) (result i32)))
  (import "env" "nothing" (func $nothing))

  (memory (export "memory") 1)
  (data (i32.const 16) "hello")

  (type $void (func))
  (type $number (func (result i32)))
  (table 3 funcref)
  (elem (i32.const 0) $empty)

  (func $empty (export "empty"))
  (func $identity (export "identity") (param i32) (result i32) local.get 0)
  (func (export "identity_i64") (param i64) (result i64) local.get 0)
  (func (export "identity_f32") (param f32) (result f32) local.get 0)
  (func (export "identity_f64") (param f64) (result f64) local.get 0)
  (func (export "minus_one") (result i32) i32.const -1)
  (func (export "pair") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "sum9") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0 local.get 1 i32.add local.get 2 i32.add local.get 3 i32.add local.get 4 i32.add
    local.get 5 i32.add local.get 6 i32.add local.get 7 i32.add local.get 8 i32.add)

  (func (export "call_nothing") call $nothing)
  (func (export "call_add_one") (param i32) (result i32) local.get 0 call $add_one)
  (func (export "call_add_one_again") (param i32) (result i32)
    local.get 0 call $add_one_again)
  (func (export "call_mix") (result f64)
    i32.const -1 i64.const -2 f32.const 1.5 f64.const 2.25 call $mix)
  (func $call_refuse (export "call_refuse") call $refuse)
  (func $call_call_back (export "call_call_back") (param i32) (result i32)
    local.get 0 call $call_back)

  (func $inner unreachable)
  (func $outer (export "trap_unreachable") call $inner)
  (func (export "load") (param i32) (result i32) local.get 0 i32.load)
  (func (export "divide") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "truncate") (param f64) (result i32) local.get 0 i32.trunc_f64_s)
  ;; 0 is good, 1 is null, 3 is beyond the end
  (func (export "call_table") (param i32) local.get 0 call_indirect (type $void))
  (func (export "call_table_as_number") (result i32) i32.const 0 call_indirect (type $number))
  (func $recurse (export "recurse") (result i32) call $recurse i32.const 1 i32.add)
  (func (export "spin") (loop br 0))
  (func (export "spin_calling_out") (loop call $nothing br 0))

  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
  (func (export "size") (result i32) memory.size)

  ;; memory.fill, sign extension, saturating conversion: what compilers emit by default
  (func (export "modern") (param f64) (result i32)
    i32.const 64 i32.const 7 i32.const 4 memory.fill
    i32.const 64 i32.load i32.extend8_s
    local.get 0 i32.trunc_sat_f64_s i32.add)

  (func (export "call_nothing_twice") call $nothing call $nothing))
