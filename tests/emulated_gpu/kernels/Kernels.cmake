# The CUDA kernels' own sources as C++ whose threads and blocks are emulated.

# neuralode_translate_kernels(FOLDER OUT): writes native/src/kernels, translated, to FOLDER/kernels; sets OUT to the sources to compile.
function(neuralode_translate_kernels folder out)
  set(kernels ${PROJECT_SOURCE_DIR}/native/src/kernels)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${kernels} ${kernels}/*.h ${kernels}/*.cuh ${kernels}/*.cu)
  set(translations ${PROJECT_SOURCE_DIR}/tests/emulated_gpu/kernels/threads.cpp)
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${kernels}/${file})
    file(READ ${kernels}/${file} text)
    # kernel<<<blocks, threads, 0, stream>>>(arguments);
    string(REGEX REPLACE "([a-z_]+)<<<([a-z_0-9]+), ([a-z_]+), 0, stream>>>\\(([^;]*)\\);"
           "emulated::queue(stream, [=] { emulated::launch(\\2, \\3, [&] { \\1(\\4); }); });" text "${text}")
    if(text MATCHES "<<<")
      message(FATAL_ERROR "native/src/kernels/${file} launches a kernel in a form that tests/emulated_gpu/kernels does not know")
    endif()
    string(REGEX REPLACE "[.]cu$" ".cpp" made "${folder}/kernels/${file}")
    file(CONFIGURE OUTPUT ${made} CONTENT "${text}" @ONLY)
    if(file MATCHES "[.]cu$")
      list(APPEND translations ${made})
    endif()
  endforeach()
  set(${out} ${translations} PARENT_SCOPE)
endfunction()
