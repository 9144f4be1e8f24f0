// What the sanitizers are told in every test program. Without them these functions are never called.

#pragma GCC visibility push(default)  // the sanitizers' shared libraries look them up by name
extern "C" {

/// libtorch, which is not instrumented, allocates with one of new and malloc and frees with the other. Some tests ask for more memory
/// than there is.
const char* __asan_default_options() {
  return "alloc_dealloc_mismatch=0:allocator_may_return_null=1:detect_stack_use_after_return=1:strict_string_checks=1";
}

/// A finding is a failure, and says where.
const char* __ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }
}
#pragma GCC visibility pop
