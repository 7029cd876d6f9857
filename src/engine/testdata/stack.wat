(module $stack
  ;; Ways to the end of the stack that a compiler of functions one by one may not see.
  (import "env" "call_back" (func $call_back (param i32) (result i32)))
  (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
  (memory (export "memory") 2)
  (table 4 funcref)
  (elem (i32.const 0) $call_back $mix $by_table $other_by_table)
  (type $number (func (param i32) (result i32)))
  (type $mixing (func (param i32 i64 f32 f64) (result f64)))

  ;; Two functions of the host in turns, both by the table. 3 * rounds, if they answer 1 and 2.
  (func (export "call_out_by_table_often") (param $rounds i32) (result f64)
    (local $sum f64)
    (loop
      (local.set $sum (f64.add (local.get $sum) (f64.convert_i32_u
        (call_indirect (type $number) (local.get $rounds) (i32.const 0)))))
      (local.set $sum (f64.add (local.get $sum)
        (call_indirect (type $mixing)
          (local.get $rounds) (i64.const -2) (f32.const 0.5) (local.get $sum) (i32.const 1))))
      (br_if 0 (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    local.get $sum)

  (func $by_table (export "recurse_by_table") (param i32) (result i32)
    (i32.add (i32.const 1) (call_indirect (type $number) (local.get 0) (i32.const 3))))
  (func $other_by_table (param i32) (result i32)
    (i32.add (i32.const 2) (call_indirect (type $number) (local.get 0) (i32.const 2))))

  (func (export "recurse_by_host") (param i32) (result i32)
    (i32.add (i32.const 1) (call $call_back (i32.add (local.get 0) (i32.const 1)))))

  ;; Most of what it is given lies on the stack, and what it gives too.
  (func $params (param
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
      i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (i64.add (local.get 47) (call $params
      (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
      (local.get 7) (local.get 8) (local.get 9) (local.get 10) (local.get 11) (local.get 12)
      (local.get 13) (local.get 14) (local.get 15) (local.get 16) (local.get 17) (local.get 18)
      (local.get 19) (local.get 20) (local.get 21) (local.get 22) (local.get 23) (local.get 24)
      (local.get 25) (local.get 26) (local.get 27) (local.get 28) (local.get 29) (local.get 30)
      (local.get 31) (local.get 32) (local.get 33) (local.get 34) (local.get 35) (local.get 36)
      (local.get 37) (local.get 38) (local.get 39) (local.get 40) (local.get 41) (local.get 42)
      (local.get 43) (local.get 44) (local.get 45) (local.get 46) (local.get 47) (local.get 0))))
  (func (export "recurse_with_params") (param i64) (result i64)
    (call $params
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)))

  ;; Everything that is loaded is kept until the next call has returned.
  (func $wide (export "recurse_wide") (param i32) (result i64)
    (i64.load offset=0 (local.get 0)) (i64.load offset=8 (local.get 0))
    (i64.load offset=16 (local.get 0)) (i64.load offset=24 (local.get 0))
    (i64.load offset=32 (local.get 0)) (i64.load offset=40 (local.get 0))
    (i64.load offset=48 (local.get 0)) (i64.load offset=56 (local.get 0))
    (i64.load offset=64 (local.get 0)) (i64.load offset=72 (local.get 0))
    (i64.load offset=80 (local.get 0)) (i64.load offset=88 (local.get 0))
    (i64.load offset=96 (local.get 0)) (i64.load offset=104 (local.get 0))
    (i64.load offset=112 (local.get 0)) (i64.load offset=120 (local.get 0))
    (i64.load offset=128 (local.get 0)) (i64.load offset=136 (local.get 0))
    (i64.load offset=144 (local.get 0)) (i64.load offset=152 (local.get 0))
    (i64.load offset=160 (local.get 0)) (i64.load offset=168 (local.get 0))
    (i64.load offset=176 (local.get 0)) (i64.load offset=184 (local.get 0))
    (i64.load offset=192 (local.get 0)) (i64.load offset=200 (local.get 0))
    (i64.load offset=208 (local.get 0)) (i64.load offset=216 (local.get 0))
    (i64.load offset=224 (local.get 0)) (i64.load offset=232 (local.get 0))
    (i64.load offset=240 (local.get 0)) (i64.load offset=248 (local.get 0))
    (i64.load offset=256 (local.get 0)) (i64.load offset=264 (local.get 0))
    (i64.load offset=272 (local.get 0)) (i64.load offset=280 (local.get 0))
    (i64.load offset=288 (local.get 0)) (i64.load offset=296 (local.get 0))
    (i64.load offset=304 (local.get 0)) (i64.load offset=312 (local.get 0))
    (i64.load offset=320 (local.get 0)) (i64.load offset=328 (local.get 0))
    (i64.load offset=336 (local.get 0)) (i64.load offset=344 (local.get 0))
    (i64.load offset=352 (local.get 0)) (i64.load offset=360 (local.get 0))
    (i64.load offset=368 (local.get 0)) (i64.load offset=376 (local.get 0))
    (i64.load offset=384 (local.get 0)) (i64.load offset=392 (local.get 0))
    (i64.load offset=400 (local.get 0)) (i64.load offset=408 (local.get 0))
    (i64.load offset=416 (local.get 0)) (i64.load offset=424 (local.get 0))
    (i64.load offset=432 (local.get 0)) (i64.load offset=440 (local.get 0))
    (i64.load offset=448 (local.get 0)) (i64.load offset=456 (local.get 0))
    (i64.load offset=464 (local.get 0)) (i64.load offset=472 (local.get 0))
    (i64.load offset=480 (local.get 0)) (i64.load offset=488 (local.get 0))
    (i64.load offset=496 (local.get 0)) (i64.load offset=504 (local.get 0))
    (call $wide (i32.and (i32.add (local.get 0) (i32.const 8)) (i32.const 4095)))
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor
    i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor i64.xor)

  ;; Deep, and back again.
  (func $depth (export "depth") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0)))))
