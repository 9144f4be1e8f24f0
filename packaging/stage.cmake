# Makes of a built LIBRARY the files of its package, in STAGE: the library without symbols, looking for others beside itself and in the
# system's folders only, with the libtorch that it was built for written into it; the symbols apart; and what of this the package says.
# PROGRAM: the command line of the build, which is asked for that libtorch.
cmake_minimum_required(VERSION 3.25)
find_program(OBJCOPY objcopy REQUIRED)
find_program(READELF readelf REQUIRED)

function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE output ERROR_VARIABLE error RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${result}\n${output}${error}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} -E env NEURALODE_LIBRARY=${LIBRARY} ${PROGRAM} info --json)
string(JSON libtorch GET "${output}" native libtorch)
string(REGEX MATCH "^[0-9]+\\.[0-9]+" libtorch_minor ${libtorch})

get_filename_component(name ${LIBRARY} NAME)
set(staged ${STAGE}${name})
file(REMOVE_RECURSE ${STAGE})
file(COPY ${LIBRARY} DESTINATION ${STAGE})
file(RPATH_SET FILE ${staged} NEW_RPATH "$ORIGIN")
run(${OBJCOPY} --only-keep-debug ${staged} ${staged}.debug)
# NativeLibraryLoader reads the section .neuralode.libtorch before it loads the file.
file(WRITE ${STAGE}libtorch ${libtorch})
run(${OBJCOPY} --strip-unneeded --add-gnu-debuglink=${staged}.debug --add-section .neuralode.libtorch=${STAGE}libtorch ${staged})

run(${READELF} -d ${staged})
string(REGEX MATCH "libtorch_cpu\\.so[.0-9]*" needed "${output}")
if(NOT output MATCHES "Library runpath: \\[\\$ORIGIN\\]")
  message(FATAL_ERROR "${staged}: RUNPATH is not $ORIGIN:\n${output}")
endif()
cmake_host_system_information(RESULT machine QUERY OS_PLATFORM)
string(REPLACE x86_64 x64 machine ${machine})
string(REPLACE aarch64 arm64 machine ${machine})
file(WRITE ${STAGE}native.props "<Project>
  <PropertyGroup>
    <NativePlatform>linux-${machine}</NativePlatform>
    <LibtorchMinorVersion>${libtorch_minor}</LibtorchMinorVersion>
    <LibtorchFile>${needed}</LibtorchFile>
  </PropertyGroup>
</Project>
")
