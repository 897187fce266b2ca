# What `cmake --install` gives to programs that use Mandate: the client library with its headers, the .proto files, and
# how to find them, for CMake (find_package(mandate)) and for pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set_target_properties(mandate_client PROPERTIES EXPORT_NAME client)
set_target_properties(mandate_wire PROPERTIES EXPORT_NAME wire)
target_include_directories(mandate_client INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(TARGETS mandate_client mandate_wire EXPORT mandate-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT client)
install(FILES client/client.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mandate COMPONENT client)
install(DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/generated/mandate ${CMAKE_CURRENT_BINARY_DIR}/generated/google
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client FILES_MATCHING PATTERN "*.pb.h")
install(DIRECTORY proto/mandate proto/google DESTINATION ${CMAKE_INSTALL_DATADIR}/mandate/proto COMPONENT client
        FILES_MATCHING PATTERN "*.proto")

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mandate)
install(EXPORT mandate-targets NAMESPACE mandate:: DESTINATION ${config_dir} COMPONENT client)
configure_package_config_file(cmake/mandate-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mandate-config.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mandate-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
# Relative, so that the prefix may be chosen when it is installed.
file(RELATIVE_PATH MANDATE_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" MANDATE_PREFIX_FROM_PC "${MANDATE_PREFIX_FROM_PC}")
configure_file(cmake/mandate.pc.in ${CMAKE_CURRENT_BINARY_DIR}/mandate.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mandate-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/mandate-config-version.cmake
        DESTINATION ${config_dir} COMPONENT client)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mandate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)
