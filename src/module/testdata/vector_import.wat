(module
  (import "env" "fine" (func))
  (import "env" "take_vector" (func (param i32 v128))))
