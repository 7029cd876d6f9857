(module
  (import "env" "nothing" (func $nothing))
  (func (export "call_nothing") call $nothing))
