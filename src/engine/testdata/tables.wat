;; Tables that ask for more than a host should give.
(module
  (table $small 1 funcref)
  (func (export "grow_table") (param i32) (result i32)
    ref.null func local.get 0 table.grow $small)
  (func (export "table_size") (result i32) table.size $small))
