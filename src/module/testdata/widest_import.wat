(module
  (import "env" "takes_24"
    (func
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))))
