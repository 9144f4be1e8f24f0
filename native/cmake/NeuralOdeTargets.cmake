# How every native target is compiled, and which folders of native/src each may include.

# The order of dependencies: a folder may include only folders named before it.
set(NEURALODE_LAYERS core kernels tensors dynamics solvers gradients models optim data torch_ops c_api)

# libtorch's headers ask for C++20 from some 2.x on; ours are C++17.
set(NEURALODE_CXX_STANDARD "" CACHE STRING "C++ standard to compile with, 17 or 20; empty: what libtorch asks for")
if(NEURALODE_CXX_STANDARD)
  set(neuralode_standard ${NEURALODE_CXX_STANDARD})
elseif(Torch_VERSION VERSION_GREATER_EQUAL 2.10)
  set(neuralode_standard 20)
else()
  set(neuralode_standard 17)
endif()
option(NEURALODE_WERROR "Warnings are errors" ON)

add_library(neuralode_flags INTERFACE)
target_compile_features(neuralode_flags INTERFACE cxx_std_${neuralode_standard} c_std_99)
target_compile_options(neuralode_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra $<$<BOOL:${NEURALODE_WERROR}>:-Werror> -fvisibility=hidden>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-error>  # compiles for the fuzzers alone; it warns of libstdc++'s own insides
  # A contracted a*b+c would round differently from one compiler or clone to the next.
  $<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off>)
if(NEURALODE_SANITIZE)
  target_compile_options(neuralode_flags INTERFACE -fsanitize=${NEURALODE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(neuralode_flags INTERFACE -fsanitize=${NEURALODE_SANITIZE})
endif()

# libtorch: headers as system headers; only torch_cpu and c10, and their CUDA twins where there are, are linked, so that the library loads
# into any process that has them (TorchSharp's, Python's).
separate_arguments(neuralode_torch_flags NATIVE_COMMAND "${TORCH_CXX_FLAGS}")
add_library(neuralode_torch INTERFACE)
target_include_directories(neuralode_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_compile_options(neuralode_torch INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:${neuralode_torch_flags}>
  # g++ 13 and later see these inside libtorch's own templates (Function::apply, c10::optional), where there are none.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,13>>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-maybe-uninitialized>)
find_library(NEURALODE_TORCH_CPU torch_cpu REQUIRED HINTS ${TORCH_INSTALL_PREFIX}/lib)
find_library(NEURALODE_C10 c10 REQUIRED HINTS ${TORCH_INSTALL_PREFIX}/lib)
target_link_libraries(neuralode_torch INTERFACE ${NEURALODE_TORCH_CPU} ${NEURALODE_C10})
if(NEURALODE_WITH_CUDA)
  target_compile_definitions(neuralode_torch INTERFACE NEURALODE_CUDA)
  target_link_libraries(neuralode_torch INTERFACE ${NEURALODE_TORCH_CUDA} ${NEURALODE_C10_CUDA} CUDA::cudart)
endif()

find_program(NEURALODE_CCACHE ccache)
if(NEURALODE_CCACHE)
  # ccache can only cache a file that uses a precompiled header when told not to mind the header's macros and time stamps.
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${NEURALODE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${NEURALODE_CCACHE})
  add_compile_options($<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>)
endif()

# Compiled once: torch/torch.h alone takes a compiler about 18 s.
add_library(neuralode_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
set_target_properties(neuralode_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_link_libraries(neuralode_precompiled PRIVATE neuralode_flags neuralode_torch)
target_precompile_headers(neuralode_precompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)

# A folder of links to just the layers that `folder` may include, so that the compiler enforces the order.
function(neuralode_layer_view folder out_path)
  set(view ${CMAKE_BINARY_DIR}/layers/${folder})
  file(MAKE_DIRECTORY ${view})
  foreach(layer IN LISTS NEURALODE_LAYERS)
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/native/src/${layer})
      file(CREATE_LINK ${PROJECT_SOURCE_DIR}/native/src/${layer} ${view}/${layer} SYMBOLIC)
    endif()
    if(layer STREQUAL folder)
      break()
    endif()
  endforeach()
  set(${out_path} ${view} PARENT_SCOPE)
endfunction()

# neuralode_configure(neuralode_<folder> [NO_TORCH]): the settings of the OBJECT library of native/src/<folder>.
function(neuralode_configure target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_TORCH" "" "")
  string(REPLACE neuralode_ "" folder ${target})
  neuralode_layer_view(${folder} view)
  target_include_directories(${target} PRIVATE ${view} ${PROJECT_SOURCE_DIR}/native/include)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PRIVATE neuralode_flags)
  if(NOT arg_NO_TORCH)
    target_link_libraries(${target} PRIVATE neuralode_torch)
    target_precompile_headers(${target} REUSE_FROM neuralode_precompiled)
  endif()
endfunction()

# neuralode_configure_program(target): the settings of an executable on the library's internals: every layer visible and linked.
function(neuralode_configure_program target)
  neuralode_layer_view(c_api view)
  target_include_directories(${target} PRIVATE ${view} ${PROJECT_SOURCE_DIR}/native/include)
  foreach(layer IN LISTS NEURALODE_LAYERS)
    target_link_libraries(${target} PRIVATE neuralode_${layer})
  endforeach()
  target_link_libraries(${target} PRIVATE neuralode_torch neuralode_flags)
  target_compile_options(${target} PRIVATE -fPIC)  # as the precompiled header was made; CMake would say -fPIE
  target_precompile_headers(${target} REUSE_FROM neuralode_precompiled)
endfunction()
