;; Given a configuration, it starts once, to be tried out, and traps at each further start.
(module
  (import "env" "proxy_get_shared_data" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "tried")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (i32.eqz (local.get 1)) (then (return (i32.const 1))))
    (if (i32.eqz (call $get (i32.const 16) (i32.const 5)
                            (i32.const 64) (i32.const 68) (i32.const 72)))
      (then unreachable))
    (i32.eqz (call $set (i32.const 16) (i32.const 5) (i32.const 16) (i32.const 5) (i32.const 0)))))
