;; Handlers of exceptions in their older form, which leave locals alone; thousands of them are entered and left.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (tag $thrown (param i64 i64))
  (tag $other)
  (func $throw i64.const -1 i64.const -2 throw $thrown)
  (func $catch (param i32) (result i32) (local $a i64) (local $reference funcref) (local $b i64)
    i64.const 7 local.set $a
    i64.const 9 local.set $b
    try call $throw catch $other catch_all end
    try try call $throw catch_all rethrow 0 end catch_all end
    try try call $throw delegate 0 catch_all end
    (i32.and (ref.is_null (local.get $reference))
      (i64.eq (i64.add (local.get $a) (local.get $b)) (i64.extend_i32_u (local.get 0)))))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (local $round i32)
    loop $again
      (if (i32.eqz (call $catch (i32.const 16))) (then unreachable))
      block $out try br $out catch_all end end
      block $out try call $throw catch_all br $out end end
      (br_if $again (i32.lt_u
        (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 3000)))
    end
    i32.const 1)
)
