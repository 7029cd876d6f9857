(module
  (memory 1)
  (memory 5 6 shared)
  (memory i64 9)
  (export "large" (memory 2))
  (export "memory" (memory 1)))
