# Libraries that Weir uses and does not hold. scripts/setup installs them.

find_package(Threads REQUIRED)
find_package(CURL 7.85 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibArchive REQUIRED)
find_package(Protobuf REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
if(WEIR_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(WEIR_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()

# weir_engine_root(NAME): sets <NAME>_ROOT, in capitals, with _ for - and with WEIR_ before it, to the prefix in the
# cache of built dependencies where scripts/setup/engines/<name>.sh keeps that engine, or to nothing where it
# is not installed. A prefix that the user names is taken instead.
function(weir_engine_root name)
  string(TOUPPER "WEIR_${name}_ROOT" variable)
  string(REPLACE "-" "_" variable "${variable}")
  set(${variable} "" CACHE PATH "Prefix of the engine ${name}; empty: ask scripts/setup")
  set(root "${${variable}}")
  if(NOT root)
    set(script "${PROJECT_SOURCE_DIR}/scripts/setup/engines/${name}.sh")
    set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}")
    execute_process(COMMAND "${script}" --prefix
      OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  if(NOT IS_DIRECTORY "${root}")
    message(STATUS "No adapter for ${name}: ${root} is not there (make engine-${name})")
    set(root "")
  endif()
  set(${variable} "${root}" PARENT_SCOPE)
endfunction()

weir_engine_root(wasmtime)
if(NOT WEIR_WASMTIME_ROOT)
  message(FATAL_ERROR "Wasmtime is missing: run `make deps`")
endif()
add_library(wasmtime SHARED IMPORTED)
set_target_properties(wasmtime PROPERTIES
  IMPORTED_LOCATION "${WEIR_WASMTIME_ROOT}/lib/libwasmtime.so"
  IMPORTED_NO_SONAME TRUE
  INTERFACE_INCLUDE_DIRECTORIES "${WEIR_WASMTIME_ROOT}/include")

# The expression language of the foreign functions expr_*: a small Rust crate of ours, in the cache too.
option(WEIR_CEL "Build the foreign functions for CEL expressions (needs Rust)" ON)
set(WEIR_CEL_ROOT "" CACHE PATH "Prefix with lib/libweir_cel.a; empty: ask scripts/setup")
if(WEIR_CEL)
  if(NOT WEIR_CEL_ROOT)
    set(cel_crate "${PROJECT_SOURCE_DIR}/src/runtime/foreign/cel")
    file(GLOB cel_sources CONFIGURE_DEPENDS "${cel_crate}/Cargo.*" "${cel_crate}/src/*.rs")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                 "${PROJECT_SOURCE_DIR}/scripts/setup/cel.sh" ${cel_sources})
    execute_process(
      COMMAND "${PROJECT_SOURCE_DIR}/scripts/setup/cel.sh" --prefix
      OUTPUT_VARIABLE WEIR_CEL_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  if(NOT EXISTS "${WEIR_CEL_ROOT}/lib/libweir_cel.a")
    message(FATAL_ERROR "The expression language is not in ${WEIR_CEL_ROOT}: run `make deps`, "
                        "or configure with -DWEIR_CEL=OFF")
  endif()
  add_library(weir_cel STATIC IMPORTED)
  set_target_properties(weir_cel PROPERTIES
    IMPORTED_LOCATION "${WEIR_CEL_ROOT}/lib/libweir_cel.a"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS}")
endif()
