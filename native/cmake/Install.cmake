# What `cmake --install` lays down: the library and its headers, and how CMake (find_package(NeuralOde)) and pkg-config find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS neuralode EXPORT NeuralOde LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/neuralode DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Finds the library from where it lies itself.
install(FILES ${PROJECT_SOURCE_DIR}/python/neuralode.py DESTINATION ${CMAKE_INSTALL_DATADIR}/neuralode)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/NeuralOde)
install(EXPORT NeuralOde FILE NeuralOdeConfig.cmake NAMESPACE NeuralOde:: DESTINATION ${package})
# Before 1.0 a minor version may change the ABI.
write_basic_package_version_file(NeuralOdeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/NeuralOdeConfigVersion.cmake DESTINATION ${package})

# Relative to where the file lies, so that the tree may be moved.
file(RELATIVE_PATH NEURALODE_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/neuralode.pc.in neuralode.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/neuralode.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
