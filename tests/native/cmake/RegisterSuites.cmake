# Read by ctest with `program` and `labels` set: registers every suite that the program lists.
get_filename_component(name ${program} NAME)
if(NOT EXISTS ${program})
  add_test(${name}_NOT_BUILT ${program})
  return()
endif()
execute_process(COMMAND ${program} --gtest_list_tests OUTPUT_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  add_test(${name}_CANNOT_LIST_ITS_TESTS ${program} --gtest_list_tests)
  return()
endif()
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_/]+\\." suites "${listing}")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "^\n|\\.$" "" suite "${suite}")
  add_test(${name}.${suite} ${program} --gtest_filter=${suite}.* --gtest_brief=1)
  # Threads that wait must not spin: several suites run at once.
  set_tests_properties(${name}.${suite} PROPERTIES LABELS "${labels}" TIMEOUT 600
    SKIP_REGULAR_EXPRESSION "PASSED  . 0 tests[.]\n.  SKIPPED" ENVIRONMENT "OMP_WAIT_POLICY=passive;OPENBLAS_NUM_THREADS=1")
  if(suite MATCHES "/")  # of many parameters: the longest ones, which are not to be left for the end
    set_tests_properties(${name}.${suite} PROPERTIES COST 100)
  endif()
endforeach()
