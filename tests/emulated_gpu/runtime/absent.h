/* A function of CUDA that says that it is not supported. In C, where the declarations of CUDA's headers need not be repeated. */
#define ABSENT(name) \
  int name(void) { return 801; }
