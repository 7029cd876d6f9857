(module
  (import "env" "returns_25"
    (func
      (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
      (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))))
