# Fails unless the functions that SOURCES list as {"name", ...} are exactly the NEURALODE_API functions of HEADERS.
include(${CMAKE_CURRENT_LIST_DIR}/../native/cmake/Declared.cmake)
declared_functions(declared ${HEADERS})

set(called)
foreach(source IN LISTS SOURCES)
  file(READ ${source} text)
  string(REGEX MATCHALL "{\"neuralode_[a-z0-9_]+\"" functions "${text}")
  foreach(function IN LISTS functions)
    string(REGEX REPLACE ".*(neuralode_[a-z0-9_]+).*" "\\1" function "${function}")
    if(NOT text MATCHES "[^\"]${function}\\(")
      message(FATAL_ERROR "${source}: lists ${function} without calling it")
    endif()
    list(APPEND called ${function})
  endforeach()
endforeach()

require_same(declared called "fuzzed")
