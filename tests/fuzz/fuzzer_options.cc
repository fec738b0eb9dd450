// What a fuzzer asks of its sanitizers, however it was started: a finding of
// UBSan ends the process, as those of ASan do. (By a compiler option all that is
// shared with other instrumented builds would be built twice.)
extern "C" const char* __ubsan_default_options();
extern "C" const char* __asan_default_options();

extern "C" const char* __ubsan_default_options() {
  return "halt_on_error=1:print_stacktrace=1";
}

extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1";
}
