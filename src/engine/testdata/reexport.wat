;; A module whose imports are also its exports, its table's elements and its start function.
(module
  (import "env" "begin" (func $begin))
  (import "env" "add_one" (func $add_one (param i32) (result i32)))
  (type $change (func (param i32) (result i32)))
  (table 1 funcref)
  (elem (i32.const 0) $add_one)
  (export "add_one" (func $add_one))
  (func (export "add_one_by_table") (param i32) (result i32)
    local.get 0 i32.const 0 call_indirect (type $change))
  (start $begin))
