# What every target of the project shares, and how a layer, a test and a fuzz target are declared.

add_library(weir_flags INTERFACE)
target_include_directories(weir_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
target_compile_options(weir_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-missing-field-initializers)
if(WEIR_WERROR)
  target_compile_options(weir_flags INTERFACE -Werror)
endif()

# weir_unity(TARGET): compiles several of its sources at once, where that is asked for. Names in their
# unnamed namespaces must differ then, but in the targets listed. What hides what is told by builds without it.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
set(WEIR_SEPARATE_TARGETS weir_module weir_module_test weir_abi_test weir_config_test weir_envoy weir_envoy_test)
if(WEIR_UNITY)
  target_compile_options(weir_flags INTERFACE -Wno-shadow)
endif()
function(weir_unity target)
  if(NOT target IN_LIST WEIR_SEPARATE_TARGETS)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${WEIR_UNITY})
  endif()
endfunction()

# Instrumentation is for every target alike, generated code and test helpers too: a sanitizer reports
# falsely where instrumented code shares containers with code that is not.
set(WEIR_IS_SANITIZED false)
if(WEIR_SANITIZE)
  set(WEIR_IS_SANITIZED true)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(fuzzers)
endif()

# The tests of code that several threads share: they run under the thread sanitizer too. ctest knows
# them by the label `threads`, and the target threaded_tests builds them.
set(WEIR_THREADED_TESTS
  weir_base_test weir_engine_test weir_fetch_test weir_planes_test weir_runtime_test weir_conformance_test
  weir_serve_test weir_envoy_test weir_ats_test)
add_custom_target(threaded_tests)

# weir_layer(NAME DEPENDS...): the library weir_NAME of all .cc files in this folder, and the test
# weir_NAME_test of all its *_test.cc files.
function(weir_layer name)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc")
  file(GLOB fuzzers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_fuzz.cc")
  list(REMOVE_ITEM sources ${tests} ${fuzzers} "")
  add_library(weir_${name} STATIC ${sources})
  set_target_properties(weir_${name} PROPERTIES LINKER_LANGUAGE CXX)
  weir_unity(weir_${name})
  target_link_libraries(weir_${name} PUBLIC weir_flags ${ARGN})
  if(WEIR_BUILD_TESTS AND tests)
    weir_test(weir_${name}_test SOURCES ${tests} DEPENDS weir_${name})
  endif()
  if(WEIR_BUILD_FUZZERS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target "${fuzzer}" NAME_WE)
      add_executable(${target} "${fuzzer}")
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${target} PRIVATE weir_${name})
      add_dependencies(fuzzers ${target})
    endforeach()
  endif()
endfunction()

# What stands before a test's command: one that has passed is run again only when something changes. With the
# first, what it reads besides its own program is data; the second is for tests that read sources too.
set(WEIR_ONCE "${PROJECT_SOURCE_DIR}/scripts/once.py" --root "${PROJECT_SOURCE_DIR}")
foreach(input src tests examples docs sdk scripts cmake CMakeLists.txt Makefile README.md build/guests)
  list(APPEND WEIR_ONCE --input "${PROJECT_SOURCE_DIR}/${input}")
endforeach()
foreach(input bin lib)
  list(APPEND WEIR_ONCE --input "${WEIR_OUTPUT_DIR}/${input}")
endforeach()
set(WEIR_TEST_LAUNCHER ${WEIR_ONCE} --but .cc --but .py --)
set(WEIR_SOURCES_TEST_LAUNCHER ${WEIR_ONCE} --)

# What engines have compiled for tests of any build and any clone, each found by its engine and its module.
if(DEFINED ENV{XDG_CACHE_HOME})
  set(WEIR_TEST_CODE_CACHE "$ENV{XDG_CACHE_HOME}/weir/test-code")
else()
  set(WEIR_TEST_CODE_CACHE "$ENV{HOME}/.cache/weir/test-code")
endif()

# For all programs that tests start. The sanitizer guesses from an address how libc allocated a thread's
# variables of a library loaded late, an engine's adapter say; one address in 256 misleads it, and its
# leak checker then follows what is no pointer and dies.
set(WEIR_ASAN_OPTIONS intercept_tls_get_addr=0)

# weir_test_code(TARGET): its sources are tests', of which more time goes into compiling than into running.
function(weir_test_code target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0> $<$<CONFIG:RelWithDebInfo>:-g1>)
endfunction()

# weir_test_path(VARIABLE PATH): PATH as tests' programs are to have it, which run in the tree's root: relative to that,
# so that a program is the same wherever the tree lies.
function(weir_test_path variable path)
  file(RELATIVE_PATH relative "${PROJECT_SOURCE_DIR}" "${path}")
  set(${variable} "${relative}" PARENT_SCOPE)
endfunction()

# weir_test(NAME SOURCES ... DEPENDS ... [TIMEOUT seconds]): a GoogleTest program run by ctest, in the tree's root.
function(weir_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  weir_unity(${name})
  weir_test_code(${name})
  target_link_libraries(${name} PRIVATE weir_flags GTest::gtest GTest::gmock GTest::gtest_main ${arg_DEPENDS})
  add_test(NAME ${name} COMMAND ${WEIR_TEST_LAUNCHER} $<TARGET_FILE:${name}> WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # A trap of a guest is a signal to Wasmtime, which allocates in its handler, and may: the signal
  # comes from the guest's code.
  set(tsan "suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp:report_signal_unsafe=0")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "WEIR_ENGINE_PATH=${WEIR_OUTPUT_DIR}/lib/weir/engines;TSAN_OPTIONS=${tsan};\
ASAN_OPTIONS=${WEIR_ASAN_OPTIONS};WEIR_TEST_CODE_CACHE=${WEIR_TEST_CODE_CACHE};\
GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/results/${name}.xml")
  if(name IN_LIST WEIR_THREADED_TESTS)
    set_tests_properties(${name} PROPERTIES LABELS threads)
    add_dependencies(threaded_tests ${name})
  endif()
endfunction()

# weir_test_without_server(NAME): the test NAME of a plane inside a foreign server, whose functions are
# there only; no test calls one. What the linker takes from the library may name them all the same.
function(weir_test_without_server name)
  # Position-independent, ld leaves relocations for them that the loader refuses.
  target_link_options(${name} PRIVATE -no-pie -Wl,--unresolved-symbols=ignore-all)
endfunction()

# weir_test_module(LAYER MODULE): makes MODULE.wasm of the layer's testdata/MODULE.wat. The layer's
# test has its path as WEIR_<MODULE>_WASM, and the default engine to run it.
function(weir_test_module layer module)
  find_program(WAT2WASM wat2wasm REQUIRED)
  set(wasm "${CMAKE_CURRENT_BINARY_DIR}/${module}.wasm")
  weir_test_path(path "${wasm}")
  add_custom_command(OUTPUT "${wasm}" DEPENDS "testdata/${module}.wat"
    COMMAND "${WAT2WASM}" -o "${wasm}" "${CMAKE_CURRENT_SOURCE_DIR}/testdata/${module}.wat" VERBATIM)
  add_custom_target(weir_${layer}_testdata DEPENDS "${wasm}")
  add_dependencies(weir_${layer}_test weir_${layer}_testdata weir-engine-wasmtime)
  string(TOUPPER "${module}" upper)
  target_compile_definitions(weir_${layer}_test PRIVATE "WEIR_${upper}_WASM=\"${path}\"")
endfunction()

# weir_test_by_loaders(NAME [ALONE suite]): runs the test NAME again, as NAME.ENGINE, for each engine
# that comes with a C library of its own, in a process that has that one; and that suite in another such
# process. Such an engine's folder says so: set_property(GLOBAL APPEND PROPERTY WEIR_LOADERS
# "ENGINE=LOADER").
function(weir_test_by_loaders name)
  cmake_parse_arguments(arg "" "ALONE" "" ${ARGN})
  get_property(loaders GLOBAL PROPERTY WEIR_LOADERS)
  if(WEIR_SANITIZE)  # Their runtimes are of the system's C library.
    return()
  endif()
  foreach(loader ${loaders})
    string(REGEX MATCH "^([^=]*)=(.*)$" ignored "${loader}")
    set(engine "${CMAKE_MATCH_1}")
    get_filename_component(folder "${CMAKE_MATCH_2}" DIRECTORY)
    set(start ${WEIR_TEST_LAUNCHER} "${CMAKE_MATCH_2}" --library-path "${folder}" $<TARGET_FILE:${name}>)
    set(tests ${name}.${engine})
    add_test(NAME ${tests} COMMAND ${start} "--gtest_filter=*${engine}*:EnginesTest.*"
               WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    if(arg_ALONE)
      list(APPEND tests ${name}.${engine}.${arg_ALONE})
      add_test(NAME ${name}.${engine}.${arg_ALONE}
               COMMAND ${start} "--gtest_filter=${arg_ALONE}.*" WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    endif()
    foreach(test ${tests})
      set_tests_properties(${test} PROPERTIES TIMEOUT 900
        ENVIRONMENT "WEIR_ENGINE_PATH=${WEIR_OUTPUT_DIR}/lib/weir/engines;\
WEIR_TEST_CODE_CACHE=${WEIR_TEST_CODE_CACHE};\
GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/results/${test}.xml")
    endforeach()
  endforeach()
endfunction()

# weir_engine_adapter(NAME SOURCES... LIBRARIES ...): lib/weir/engines/weir-engine-NAME.so, which
# exports one symbol. The global property WEIR_ADAPTERS lists the targets, for tests to depend on.
function(weir_engine_adapter name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(target weir-engine-${name})
  add_library(${target} MODULE ${arg_SOURCES})
  set_property(GLOBAL APPEND PROPERTY WEIR_ADAPTERS ${target})
  set_target_properties(${target} PROPERTIES PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY "${WEIR_OUTPUT_DIR}/lib/weir/engines"
    BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN"
    BUILD_WITH_INSTALL_RPATH ON)
  target_link_libraries(${target} PRIVATE weir_flags weir_base weir_engine ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE "-Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/adapter.map"
    -Wl,--exclude-libs,ALL -Wl,--gc-sections)
  set_target_properties(${target} PROPERTIES LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/adapter.map")
  install(TARGETS ${target} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/weir/engines")
  if(WEIR_BUILD_TESTS)
    add_test(NAME ${target}-exports
      COMMAND ${CMAKE_COMMAND} "-DADAPTER=$<TARGET_FILE:${target}>" "-DNM=${CMAKE_NM}"
              -P "${PROJECT_SOURCE_DIR}/cmake/check_adapter_exports.cmake")
  endif()
endfunction()
