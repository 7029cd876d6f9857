(module (import "env" "give_reference" (func (result externref))))
