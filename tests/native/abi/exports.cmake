# Fails unless the dynamic symbols that LIBRARY defines are exactly the NEURALODE_API functions of HEADERS.
include(${CMAKE_CURRENT_LIST_DIR}/../cmake/Declared.cmake)
declared_functions(declared ${HEADERS})

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " [A-Za-z] [^\n]+" symbols "${symbols}")
set(exported)
foreach(symbol IN LISTS symbols)
  string(REGEX REPLACE "^ [A-Za-z] " "" symbol "${symbol}")
  list(APPEND exported ${symbol})
endforeach()

require_same(declared exported "exported")
