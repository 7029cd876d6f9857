;; Keeps each exception that it has caught, about 10 KiB each, and goes on from its handler. What keeps it is the stack,
;; which they do not fill before they are hundreds of megabytes.
(module
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (memory (export "memory") 1)
  (tag $thrown (param
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
  (func $ten (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1
    i64.const -1 i64.const -1 i64.const -1 i64.const -1 i64.const -1)
  (func $throw
    call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten
    call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten
    call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten call $ten
    throw $thrown)
  ;; Each may be thrown again, as far as an engine can know: by a variable that is never set.
  (global $again (mut i32) (i32.const 0))
  (func $keep
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    try call $throw catch_all
    call $keep
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
    (if (global.get $again) (then rethrow 1)) end
  )
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) call $keep i32.const 0)
)
