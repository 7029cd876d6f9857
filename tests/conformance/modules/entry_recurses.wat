;; Begins with three functions that call each other in turn without end.
(module
  (memory (export "memory") 1)
  (func $first (param i32) (result i32) (i32.add (call $second (local.get 0)) (i32.const 1)))
  (func $second (param i32) (result i32) (i32.add (call $third (local.get 0)) (i32.const 1)))
  (func $third (param i32) (result i32) (i32.add (call $first (local.get 0)) (i32.const 1)))
  (func (export "_start") (drop (call $first (i32.const 0))))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 0))
