# One ctest entry a GoogleTest suite, found when ctest runs. Not one a test (gtest_discover_tests): a process that links libtorch
# takes half a second to load, which would be most of the time of several hundred short tests.
set(NEURALODE_SUITES_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/RegisterSuites.cmake)

# neuralode_register_suites(target labels)
function(neuralode_register_suites target labels)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}_suites.cmake)
  file(GENERATE OUTPUT ${script} CONTENT "set(program \"$<TARGET_FILE:${target}>\")\nset(labels \"${labels}\")\ninclude(\"${NEURALODE_SUITES_SCRIPT}\")\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${script})
endfunction()
