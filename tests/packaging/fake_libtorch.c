/* Another libtorch, as far as the loader asks: std::string at::show_config(), in libstdc++'s layout. */
struct text {
  const char* characters;
  unsigned long length;
  char rest[16];
};
struct text* _ZN2at11show_configB5cxx11Ev(struct text* out) {
  static const char configuration[] = "Build settings: TORCH_VERSION=2.99.1, USE_CUDA=OFF";
  out->characters = configuration;
  out->length = sizeof configuration - 1;
  return out;
}
