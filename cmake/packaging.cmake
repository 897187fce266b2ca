# The Debian package of the server (`./run package`, or `cpack` in a build tree), of what packaging/debian has; and the test that
# it holds together. The client library is no part of it: package.cmake installs that for programs of this source tree.
set(debian_dir ${CMAKE_SOURCE_DIR}/packaging/debian)

install(TARGETS mandate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
file(GLOB server_docs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
install(FILES README.md ${server_docs} docs/grafana.json DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mandate COMPONENT server)
# They go where the system looks for them, whatever the prefix is; so only who asks for this component gets them.
install(FILES ${debian_dir}/mandate.service DESTINATION /lib/systemd/system COMPONENT server EXCLUDE_FROM_ALL)
install(FILES ${debian_dir}/mandate.conf DESTINATION /etc/mandate COMPONENT server EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL server)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME mandate)
set(CPACK_PACKAGE_VENDOR "Mandate")
set(CPACK_PACKAGE_CONTACT "Mandate maintainers <maintainers@mandate.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "relationship-based authorization database")
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME mandate)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_SERVER_DESCRIPTION "Mandate answers over gRPC and HTTP whether a subject may do something to an
object, from a schema and from relationships, at one consistent revision and
with a reason: for people, and for the agents that act for them.

This package has the program `mandate` (server and command line) and a service
for systemd, which listens on this machine alone until it is told otherwise.")
# Which libraries it needs, and of which version, the packages on this machine say.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    ${debian_dir}/conffiles ${debian_dir}/postinst ${debian_dir}/prerm ${debian_dir}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)

if(NOT MANDATE_TESTS)
  add_test(NAME packaging COMMAND ${CMAKE_SOURCE_DIR}/packaging/check.sh $<TARGET_FILE:mandate>)
endif()
