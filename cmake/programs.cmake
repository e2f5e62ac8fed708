# The programs: talaria-full has all commands; talaria (target talaria-cli) has those that only read, starts in
# a fraction of the time, and becomes talaria-full for the others.
file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/*.cpp)
set(cli_mains ${CMAKE_CURRENT_SOURCE_DIR}/cli/main.cpp ${CMAKE_CURRENT_SOURCE_DIR}/cli/main_quick.cpp)
list(REMOVE_ITEM cli_sources ${cli_mains})

add_library(talaria-commands STATIC ${cli_sources})
target_include_directories(talaria-commands PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_include_directories(talaria-commands SYSTEM PUBLIC ${TL_EXPECTED_INCLUDE_DIR})
target_compile_definitions(talaria-commands PUBLIC TALARIA_VERSION="${PROJECT_VERSION}")
target_link_libraries(talaria-commands PUBLIC CLI11::CLI11 nlohmann_json::nlohmann_json Threads::Threads)

add_executable(talaria-full cli/main.cpp)
set_target_properties(talaria-full PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_link_libraries(talaria-full PRIVATE talaria-commands talaria)

add_executable(talaria-cli cli/main_quick.cpp)
add_dependencies(talaria-cli talaria-full)
set_target_properties(talaria-cli PROPERTIES OUTPUT_NAME talaria RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
file(RELATIVE_PATH talaria_bin_to_libexec ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBEXECDIR}/talaria)
target_compile_definitions(talaria-cli PRIVATE TALARIA_BIN_TO_LIBEXEC="${talaria_bin_to_libexec}")

# talaria_static_library(VARIABLE NAME FALLBACK): the static library if there is one, else the target FALLBACK.
function(talaria_static_library variable name fallback)
  find_library(${variable}_STATIC lib${name}.a)
  mark_as_advanced(${variable}_STATIC)
  if(${variable}_STATIC)
    set(${variable} ${${variable}_STATIC} PARENT_SCOPE)
  else()
    set(${variable} ${fallback} PARENT_SCOPE)
  endif()
endfunction()

if(BUILD_SHARED_LIBS)
  target_link_libraries(talaria-cli PRIVATE talaria-commands talaria)
else()
  # Of the library, what reads need; of its libraries, what that needs. Loading a shared one takes 0.1 ms to 1 ms.
  talaria_static_library(TALARIA_CRYPTO crypto OpenSSL::Crypto)
  talaria_static_library(TALARIA_ZSTD zstd PkgConfig::ZSTD)
  talaria_static_library(TALARIA_LZ4 lz4 PkgConfig::LZ4)
  talaria_static_library(TALARIA_ISAL isal PkgConfig::ISAL)
  talaria_static_library(TALARIA_YAML yaml-cpp yaml-cpp)
  add_dependencies(talaria-cli talaria)
  target_link_libraries(talaria-cli PRIVATE talaria-commands $<TARGET_FILE:talaria> -Wl,--as-needed
    ${TALARIA_CRYPTO} ${TALARIA_ZSTD} ${TALARIA_LZ4} ${TALARIA_ISAL} ${TALARIA_YAML} ${CMAKE_DL_LIBS})
  # Nothing else in the process may have a C++ library of its own.
  if(TALARIA_YAML_STATIC AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT TALARIA_SANITIZE)
    target_link_options(talaria-cli PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endif()
