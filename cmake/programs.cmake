# The programs: talaria-full has all commands; talaria (target talaria-cli) has those that only read, starts in
# a fraction of the time, and becomes talaria-full for the others.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/*.cpp)
list(REMOVE_ITEM cli_sources ${CMAKE_CURRENT_SOURCE_DIR}/cli/main.cpp)

add_library(talaria-commands STATIC ${cli_sources})
target_include_directories(talaria-commands PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_include_directories(talaria-commands SYSTEM PUBLIC ${TL_EXPECTED_INCLUDE_DIR})
target_compile_definitions(talaria-commands PUBLIC TALARIA_VERSION="${PROJECT_VERSION}")
target_link_libraries(talaria-commands PUBLIC CLI11::CLI11 nlohmann_json::nlohmann_json Threads::Threads)

add_executable(talaria-full cli/main.cpp)
set_target_properties(talaria-full PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_link_libraries(talaria-full PRIVATE talaria-commands talaria)

add_executable(talaria-cli quick/main.cpp)
add_dependencies(talaria-cli talaria-full)
set_target_properties(talaria-cli PROPERTIES OUTPUT_NAME talaria RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
file(RELATIVE_PATH talaria_bin_to_libexec ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBEXECDIR}/talaria)
target_compile_definitions(talaria-cli PRIVATE TALARIA_BIN_TO_LIBEXEC="${talaria_bin_to_libexec}")

# What talaria needs of other libraries, statically where all of it is there: to load shared ones takes a third of the
# time of a read. ISA-L mostly isn't; what it does for reads, quick/ does with zlib and liblzma.
set(talaria_static_libraries)
foreach(name crypto zstd lz4 yaml-cpp z lzma)
  find_library(TALARIA_STATIC_${name} lib${name}.a)
  mark_as_advanced(TALARIA_STATIC_${name})
  list(APPEND talaria_static_libraries ${TALARIA_STATIC_${name}})
endforeach()
foreach(header zlib.h lzma.h)
  find_path(TALARIA_INCLUDE_${header} ${header})
  mark_as_advanced(TALARIA_INCLUDE_${header})
  list(APPEND talaria_static_libraries ${TALARIA_INCLUDE_${header}})
endforeach()
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -static-pie)
check_cxx_source_compiles("#include <iostream>
  int main() { std::cout << 1; }" TALARIA_STATIC_PIE)
unset(CMAKE_REQUIRED_LINK_OPTIONS)

if(BUILD_SHARED_LIBS OR TALARIA_SANITIZE OR NOT TALARIA_STATIC_PIE OR talaria_static_libraries MATCHES "NOTFOUND")
  target_link_libraries(talaria-cli PRIVATE talaria-commands talaria -Wl,--as-needed)
else()
  # Of libtalaria, only what reads need; what is in quick/ comes before what it has of the same name.
  target_sources(talaria-cli PRIVATE quick/crc64.cpp quick/gzip_codec.cpp)
  target_include_directories(talaria-cli SYSTEM PRIVATE ${TALARIA_INCLUDE_zlib.h} ${TALARIA_INCLUDE_lzma.h})
  set_target_properties(talaria-cli PROPERTIES POSITION_INDEPENDENT_CODE ON)
  list(FILTER talaria_static_libraries INCLUDE REGEX "\\.a$")
  target_link_libraries(talaria-cli PRIVATE talaria-commands $<TARGET_FILE:talaria> ${talaria_static_libraries})
  target_link_options(talaria-cli PRIVATE -static-pie)
  add_dependencies(talaria-cli talaria)
endif()
