#include "cublas_lt.h"

#include <dlfcn.h>

#include <stdexcept>

namespace arrowhead::cuda::lt {

Library Library::load(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  Library table;
  const auto resolve = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (!function) throw std::runtime_error(file + " has no " + name);
  };
  resolve(table.create, "cublasLtCreate");
  resolve(table.destroy, "cublasLtDestroy");
  resolve(table.version, "cublasLtGetVersion");
  resolve(table.descCreate, "cublasLtMatmulDescCreate");
  resolve(table.descDestroy, "cublasLtMatmulDescDestroy");
  resolve(table.descSet, "cublasLtMatmulDescSetAttribute");
  resolve(table.layoutCreate, "cublasLtMatrixLayoutCreate");
  resolve(table.layoutDestroy, "cublasLtMatrixLayoutDestroy");
  resolve(table.preferenceCreate, "cublasLtMatmulPreferenceCreate");
  resolve(table.preferenceDestroy, "cublasLtMatmulPreferenceDestroy");
  resolve(table.preferenceSet, "cublasLtMatmulPreferenceSetAttribute");
  resolve(table.heuristics, "cublasLtMatmulAlgoGetHeuristic");
  resolve(table.matmul, "cublasLtMatmul");
  return table;
}

}  // namespace arrowhead::cuda::lt
