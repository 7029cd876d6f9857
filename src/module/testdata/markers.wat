(module
  (func $marker)
  (export "proxy_abi_version_0_1_0" (func $marker))
  (export "proxy_abi_version_0_2_0" (func $marker))
  (export "proxy_abi_version_0_2_1" (func $marker))
  (export "proxy_abi_version_0_2_100" (func $marker))
  (export "proxy_abi_version_0_x_x" (func $marker))
  (global i32 (i32.const 0))
  (export "proxy_abi_version_9_9_9" (global 0)))
