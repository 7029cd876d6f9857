;; Tail calls of imports by functions that the host has called, direct and by a table: the host gets what the import
;; has given back, which is 1 for a property that there is none of.
(module
  (import "env" "proxy_get_property" (func $get (type $get)))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (data (i32.const 0) "nothing")
  (type $get (func (param i32 i32 i32 i32) (result i32)))
  (type $callback (func (param i32 i32) (result i32)))
  (table funcref (elem $get $by_table))
  (func $by_table (type $callback)
    (return_call_indirect (type $get)
      (i32.const 0) (i32.const 7) (i32.const 64) (i32.const 68) (i32.const 0)))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (return_call $get (i32.const 0) (i32.const 7) (i32.const 64) (i32.const 68)))
  ;; By a function that another one calls, and by one that the host does.
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (i32.ne (call $by_table (i32.const 0) (i32.const 0)) (i32.const 1)) (then unreachable))
    (return_call_indirect (type $callback) (i32.const 0) (i32.const 0) (i32.const 1)))
)
