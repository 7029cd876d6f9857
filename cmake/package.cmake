# The library as others take it: lib/libweir.a, its headers, a pkg-config file and a CMake package.

# One archive of all layers that an embedder needs. What they are written against is named by
# weir.pc and weir-config.cmake.
set(layers base engine module abi foreign runtime config fetch planes)
set(archives weir_foreign_proto weir_proto)
foreach(layer ${layers})
  list(APPEND archives weir_${layer})
endforeach()
set(script "CREATE ${WEIR_OUTPUT_DIR}/lib/libweir.a\n")
foreach(archive ${archives})
  string(APPEND script "ADDLIB $<TARGET_FILE:${archive}>\n")
endforeach()
string(APPEND script "SAVE\nEND\n")
file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/libweir.mri" CONTENT "${script}")
add_custom_command(OUTPUT "${WEIR_OUTPUT_DIR}/lib/libweir.a"
  COMMAND ${CMAKE_AR} -M < "${CMAKE_CURRENT_BINARY_DIR}/libweir.mri"
  DEPENDS ${archives} "${CMAKE_CURRENT_BINARY_DIR}/libweir.mri"
  COMMENT "Joining the layers into libweir.a" VERBATIM)
add_custom_target(libweir ALL DEPENDS "${WEIR_OUTPUT_DIR}/lib/libweir.a")

install(FILES "${WEIR_OUTPUT_DIR}/lib/libweir.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
foreach(layer base engine module abi runtime config fetch)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/${layer}/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir/${layer}"
    FILES_MATCHING PATTERN "*.h"
    PATTERN "testdata" EXCLUDE PATTERN "cel" EXCLUDE
    REGEX "/src/engine/[^./]+$" EXCLUDE  # the adapters' folders
    PATTERN "*_fakes.h" EXCLUDE)
endforeach()

install(FILES "${PROJECT_SOURCE_DIR}/src/planes/common/plugin_source.h"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir/planes/common")

# The C++ SDK for plugins, which is sources alone.
set(sdk "${CMAKE_INSTALL_DATADIR}/weir/sdk/cpp")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/sdk/cpp/include" "${PROJECT_SOURCE_DIR}/sdk/cpp/src"
        DESTINATION "${sdk}")
install(FILES "${PROJECT_SOURCE_DIR}/src/engine/native_plugin.h"
        DESTINATION "${sdk}/include/weir_sdk")
install(FILES "${PROJECT_SOURCE_DIR}/sdk/cpp/README.md" "${PROJECT_SOURCE_DIR}/sdk/cpp/native.map"
        DESTINATION "${sdk}")
install(PROGRAMS "${PROJECT_SOURCE_DIR}/sdk/cpp/weir-cxx" DESTINATION "${sdk}")

# And the file for plugins in Zig.
install(FILES "${PROJECT_SOURCE_DIR}/sdk/zig/proxy_wasm.zig" "${PROJECT_SOURCE_DIR}/sdk/zig/README.md"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/weir/sdk/zig")

# From the library folder, and from the one of pkg-config files, up to the prefix.
string(REGEX REPLACE "[^/]+" ".." WEIR_PC_LIBDIR_UP "${CMAKE_INSTALL_LIBDIR}")
set(WEIR_PC_UP "${WEIR_PC_LIBDIR_UP}/..")

set(WEIR_PRIVATE_LIBS "-lprotobuf -lyaml-cpp -lre2 -lcurl -larchive -lcrypto -lz -ldl -lpthread")
if(WEIR_CEL)
  install(FILES "${WEIR_CEL_ROOT}/lib/libweir_cel.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  string(PREPEND WEIR_PRIVATE_LIBS "-lweir_cel ")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/weir.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/weir.pc" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/cmake/weir-config.cmake.in"
               "${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake" @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/weir.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/weir")
