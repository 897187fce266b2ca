# mandate_room(NAME [FOLDER folder] [WITHOUT folders...] [ROOMS lower...] [LIBS targets...] [PRIVATE_LIBS targets...]
#              [SEEDS folder] [HEADERS headers...])
#
# A room is one folder, one library `mandate_NAME` (every .cc that is neither a test, a main nor a fuzzer) and one
# test program `NAME_test` (every *_test.cc). Sub-folders belong to the room, but for those that it is WITHOUT: parts
# with a library of their own, for programs that need no more than that. PRIVATE_LIBS are of the room and its tests alone.
# Its fuzzers begin with what lies in SEEDS. HEADERS are what most of its files include besides MANDATE_PCH.
include(GoogleTest)

# What every file includes; compiled once for each build tree.
set(MANDATE_PCH <algorithm> <cstdint> <functional> <memory> <optional> <string> <string_view> <utility> <vector>
                <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h> <absl/status/status.h>
                <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/string_view.h> <absl/time/time.h>
                <absl/types/span.h>)

function(mandate_room name)
  cmake_parse_arguments(ARG "" "FOLDER;SEEDS" "WITHOUT;ROOMS;LIBS;PRIVATE_LIBS;HEADERS" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ARG_FOLDER}/*.cc)
  foreach(folder ${ARG_WITHOUT})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${folder}/")
  endforeach()
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_library(mandate_${name} STATIC ${sources})
  target_precompile_headers(mandate_${name} PRIVATE ${MANDATE_PCH} ${ARG_HEADERS})
  set_target_properties(mandate_${name} PROPERTIES UNITY_BUILD ${MANDATE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  list(TRANSFORM ARG_ROOMS PREPEND mandate_)
  target_link_libraries(mandate_${name} PUBLIC ${ARG_ROOMS} ${ARG_LIBS} Threads::Threads)
  target_link_libraries(mandate_${name} PRIVATE ${ARG_PRIVATE_LIBS})
  if(tests)
    mandate_test(${name}_test SOURCES ${tests} LIBS mandate_${name} ${ARG_PRIVATE_LIBS} HEADERS ${ARG_HEADERS})
    if(TARGET ${name}_test)
      set_target_properties(${name}_test PROPERTIES UNITY_BUILD ${MANDATE_UNITY} UNITY_BUILD_BATCH_SIZE 4)
    endif()
  endif()
  if(MANDATE_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_compile_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${fuzzer} PRIVATE mandate_${name} -fsanitize=fuzzer)
      set(seeds)
      if(ARG_SEEDS)
        # What it finds goes to the first folder.
        set(seeds ${CMAKE_CURRENT_BINARY_DIR}/corpus/${fuzzer} ${CMAKE_SOURCE_DIR}/${ARG_SEEDS})
        file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/corpus/${fuzzer})
      endif()
      # A short run in every test run; call the program by hand for a long one.
      add_test(NAME ${fuzzer} COMMAND ${fuzzer} -max_total_time=${MANDATE_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
                                      ${seeds})
    endforeach()
  endif()
endfunction()

# mandate_test(NAME SOURCES files... [LIBS targets...] [LABELS labels...] [HEADERS headers...])
# A build tree with MANDATE_TESTS makes and runs only those.
function(mandate_test name)
  if(MANDATE_TESTS AND NOT name IN_LIST MANDATE_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS;HEADERS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_precompile_headers(${name} PRIVATE ${MANDATE_PCH} ${ARG_HEADERS} <gtest/gtest.h> <gmock/gmock.h>)
  if(MANDATE_SANITIZE)
    target_compile_options(${name} PRIVATE -O0)  # What is tested is optimised; the tests compile in half the time.
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  # What takes minutes begins first, so that the rest fills in.
  set(cost 0)
  if(name MATCHES "^(agreement|exhaustion|schema|storage|tools)_test$")
    set(cost 500)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 2400 COST ${cost}
                       ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
endfunction()

# mandate_proto(TARGET PACKAGES folders... [LIBS targets...])
# The wire: generated C++ for every *.proto in these folders of proto/.
function(mandate_proto target)
  cmake_parse_arguments(ARG "" "" "PACKAGES;LIBS" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR}/proto)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
  list(TRANSFORM ARG_PACKAGES REPLACE "(.+)" "${root}/\\1/*.proto" OUTPUT_VARIABLE patterns)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${root} ${patterns})
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(proto ${protos})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(flags --cpp_out=${out})
    if(stem MATCHES "_service$")
      list(APPEND outputs ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND flags --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    endif()
    list(TRANSFORM protos PREPEND ${root}/ OUTPUT_VARIABLE depends)
    add_custom_command(OUTPUT ${outputs} COMMAND protobuf::protoc -I${root} ${flags} ${root}/${proto}
                       DEPENDS ${depends} protobuf::protoc COMMENT "protoc ${proto}" VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_library(${target} STATIC ${generated})
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} PUBLIC ${ARG_LIBS} protobuf::libprotobuf gRPC::grpc++)
  # Not ours to test: without sanitizers it compiles in half the time. Its files define names of their own each.
  target_compile_options(${target} PRIVATE -w -fno-sanitize=all)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
endfunction()

# mandate_descriptors(TARGET): adds mandate.v1 with its comments to the target, for the document that says what the API is.
function(mandate_descriptors target)
  set(root ${CMAKE_SOURCE_DIR}/proto)
  file(GLOB_RECURSE described CONFIGURE_DEPENDS RELATIVE ${root} ${root}/mandate/v1/*.proto)
  list(TRANSFORM described PREPEND ${root}/ OUTPUT_VARIABLE depends)
  set(descriptors ${CMAKE_CURRENT_BINARY_DIR}/mandate_v1.descriptors)
  add_custom_command(OUTPUT ${descriptors}.cc
                     COMMAND protobuf::protoc -I${root} --include_imports --include_source_info
                             --descriptor_set_out=${descriptors} ${described}
                     COMMAND ${CMAKE_COMMAND} -DINPUT=${descriptors} -DOUTPUT=${descriptors}.cc
                             -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
                     DEPENDS ${depends} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake protobuf::protoc
                     COMMENT "protoc descriptors of mandate.v1" VERBATIM)
  target_sources(${target} PRIVATE ${descriptors}.cc)
endfunction()
