;; 320 MiB at once: more than the pool's memories hold.
(module
  (memory (export "memory") 5120)
  (func (export "size") (result i32) memory.size))
