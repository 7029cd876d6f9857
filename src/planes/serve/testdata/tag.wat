;; Adds `x-tag` to responses. Tests patch its texts to get other plugins: "tag-one" is the value,
;; "accept" lets it be configured.
(module
  (import "env" "proxy_add_header_map_value"
    (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x-tag")
  (data (i32.const 16) "tag-one")
  (data (i32.const 32) "accept")
  (func (export "malloc") (param i32) (result i32) (i32.const 4096))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.eq (i32.load8_u (i32.const 32)) (i32.const 97)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $add_header (i32.const 2) (i32.const 0) (i32.const 5) (i32.const 16) (i32.const 7)))
    (i32.const 0)))
