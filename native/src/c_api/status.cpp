#include "neuralode/status.h"

#include <ATen/Config.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "c_api/guarded.h"
#include "c_api/handles.h"
#include "tensors/gpu.h"

using namespace neuralode;
using namespace neuralode::c_api;

const char* neuralode_last_error(void) { return last_error().c_str(); }

neuralode_status neuralode_set_last_error(const char* text) {
  return guarded([&] { last_error() = text == nullptr ? "" : text; });
}

uint32_t neuralode_abi_version(void) { return NEURALODE_ABI_VERSION; }

neuralode_status neuralode_build_info(const char** out_json) {
  return guarded([&] {
    not_null(out_json, "out_json");
    static const std::string text = [] {
      const auto configuration = at::show_config();
      nlohmann::ordered_json info;
      info["version"] = NEURALODE_VERSION;
      info["abi"] = NEURALODE_ABI_VERSION;
      info["libtorch"] = TORCH_VERSION;
      info["cxx11_abi"] = _GLIBCXX_USE_CXX11_ABI == 1;
      info["cuda"] = gpu::built;
      info["gpus"] = gpu::count();
      info["mkldnn"] = at::hasMKLDNN();
      info["openmp"] = at::hasOpenMP();
      info["lapack"] = at::hasLAPACK();
      info["libtorch_configuration"] = configuration;
      return info.dump();
    }();
    *out_json = text.c_str();
  });
}
