# What `cmake --install` puts where: the library, the public headers, the program, and what other projects
# need to find them.
include(CMakePackageConfigHelpers)

install(TARGETS talaria talaria-caf EXPORT TalariaTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set_target_properties(talaria-caf PROPERTIES EXPORT_NAME actors)
install(TARGETS talaria-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS talaria-full RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/talaria)
if(BUILD_SHARED_LIBS)
  # The programs find their library in the prefix they were installed to, wherever that is moved.
  file(RELATIVE_PATH talaria_bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(talaria-cli PROPERTIES INSTALL_RPATH "$ORIGIN/${talaria_bin_to_lib}")
  file(RELATIVE_PATH talaria_libexec_to_lib ${CMAKE_INSTALL_FULL_LIBEXECDIR}/talaria ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(talaria-full PROPERTIES INSTALL_RPATH "$ORIGIN/${talaria_libexec_to_lib}")
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/talaria DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/config/talaria.example.yaml
  DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)

# find_package(Talaria)
set(talaria_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Talaria)
install(EXPORT TalariaTargets NAMESPACE Talaria:: DESTINATION ${talaria_package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TalariaConfig.cmake.in
  ${PROJECT_BINARY_DIR}/TalariaConfig.cmake
  INSTALL_DESTINATION ${talaria_package_dir} NO_SET_AND_CHECK_MACRO)
# Before 1.0, each minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/TalariaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/TalariaConfig.cmake ${PROJECT_BINARY_DIR}/TalariaConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/FindCAF017.cmake
  DESTINATION ${talaria_package_dir})

# pkg-config. A shared libtalaria brings its libraries itself; a static one needs them in plain --libs, since
# --static would ask for static builds of those libraries, too.
if(BUILD_SHARED_LIBS)
  set(talaria_pc_private ".private")
  set(talaria_pc_libs "Libs: -L\${libdir} -ltalaria\nLibs.private: -lcaf_core -pthread")
else()
  set(talaria_pc_private "")
  set(talaria_pc_libs "Libs: -L\${libdir} -ltalaria -lcaf_core -pthread")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${dir}})
    set(talaria_pc_${dir} ${CMAKE_INSTALL_${dir}})
  else()
    set(talaria_pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
# Relative to the file, so that it holds for whatever prefix it is installed to.
file(RELATIVE_PATH talaria_pc_up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/talaria.pc.in ${PROJECT_BINARY_DIR}/talaria.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/talaria.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
