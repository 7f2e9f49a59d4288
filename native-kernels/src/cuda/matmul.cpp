#include "matmul.h"

#include <stdexcept>

namespace arrowhead::cuda {

namespace {

// What NVIDIA recommends for Hopper.
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

lt::DataType dataType(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return lt::kReal32f;
    case Dtype::f16: return lt::kReal16f;
    case Dtype::bf16: return lt::kReal16bf;
    case Dtype::e4m3: return lt::kRealE4m3;
  }
  throw std::runtime_error("unknown dtype");
}

void require(lt::Status status, const char* what) {
  if (status != lt::kSuccess)
    throw std::runtime_error(std::string("cuBLASLt: ") + what + " failed with status " + std::to_string(status));
}

std::string describe(const MatmulCall& call) {
  return std::to_string(call.rows) + " × " + std::to_string(call.inner) + " by " + std::to_string(call.columns) +
         (call.dtype == Dtype::e4m3 ? " in fp8" : "");
}

}  // namespace

Matmul::Matmul(const std::string& file) : library_(lt::Library::load(file)) {
  require(library_.create(&handle_), "cublasLtCreate");
  if (cudaMalloc(&workspace_, kWorkspaceBytes) != cudaSuccess) {
    cudaGetLastError();
    library_.destroy(handle_);
    throw std::runtime_error("out of memory: no room for cuBLASLt's workspace");
  }
}

Matmul::~Matmul() {
  for (auto& [key, entry] : prepared_) {
    library_.descDestroy(entry.desc);
    for (lt::Layout layout : {entry.x, entry.weight, entry.out}) library_.layoutDestroy(layout);
  }
  cudaFree(workspace_);
  library_.destroy(handle_);
}

// cuBLASLt counts columns first: what it multiplies is outᵀ = weight · xᵀ.
Matmul::Prepared& Matmul::prepared(const MatmulCall& call) {
  const Key key = {call.rows, call.inner, call.columns, call.x.rowStride, call.weight.rowStride, call.out.rowStride,
                   static_cast<int32_t>(call.dtype), static_cast<int32_t>(call.outDtype), call.bias != nullptr, call.gelu, call.accumulate};
  if (const auto known = prepared_.find(key); known != prepared_.end()) return known->second;

  Prepared entry = {};
  require(library_.descCreate(&entry.desc, lt::kCompute32f, lt::kReal32f), "cublasLtMatmulDescCreate");
  const auto set = [&](lt::DescAttribute attribute, int32_t value) {
    require(library_.descSet(entry.desc, attribute, &value, sizeof(value)), "cublasLtMatmulDescSetAttribute");
  };
  set(lt::kTransA, lt::kTransposed);
  set(lt::kEpilogue, call.bias ? (call.gelu ? lt::kGeluBias : lt::kBias) : (call.gelu ? lt::kGelu : lt::kPlain));
  if (call.bias) set(lt::kBiasType, dataType(call.outDtype));
  if (call.dtype == Dtype::e4m3) {
    set(lt::kScaleModeA, lt::kScalePerOuterVector);
    set(lt::kScaleModeB, lt::kScalePerOuterVector);
    // Sums stay in the tensor cores' own accumulators over the whole depth: a third faster.
    const int8_t fast = 1;
    require(library_.descSet(entry.desc, lt::kFastAccumulation, &fast, sizeof(fast)), "cublasLtMatmulDescSetAttribute");
  }
  bindPointers(entry.desc, call);
  const auto layout = [&](lt::Layout& to, Dtype dtype, int64_t rows, int64_t columns, int64_t stride) {
    require(library_.layoutCreate(&to, dataType(dtype), static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), stride),
            "cublasLtMatrixLayoutCreate");
  };
  layout(entry.weight, call.dtype, call.inner, call.columns, call.weight.rowStride);
  layout(entry.x, call.dtype, call.inner, call.rows, call.x.rowStride);
  layout(entry.out, call.outDtype, call.columns, call.rows, call.out.rowStride);

  lt::Preference preference = nullptr;
  require(library_.preferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  library_.preferenceSet(preference, lt::kMaxWorkspaceBytes, &kWorkspaceBytes, sizeof(kWorkspaceBytes));
  lt::Heuristic best = {};
  int found = 0;
  const lt::Status status = library_.heuristics(handle_, entry.desc, entry.weight, entry.x, entry.out, entry.out, preference,
                                                1, &best, &found);
  library_.preferenceDestroy(preference);
  if (status != lt::kSuccess || found == 0)
    throw std::runtime_error("cuBLASLt has no algorithm for " + describe(call) + " on this card (status " +
                             std::to_string(status) + ")");
  entry.algo = best.algo;
  return prepared_.emplace(key, entry).first->second;
}

void Matmul::bindPointers(lt::Desc desc, const MatmulCall& call) {
  const auto bind = [&](lt::DescAttribute attribute, const void* pointer) {
    require(library_.descSet(desc, attribute, &pointer, sizeof(pointer)), "cublasLtMatmulDescSetAttribute");
  };
  if (call.bias) bind(lt::kBiasPointer, call.bias);
  if (call.dtype != Dtype::e4m3) return;
  bind(lt::kScaleA, call.weightScales);
  bind(lt::kScaleB, call.xScales);
}

void Matmul::run(const MatmulCall& call, cudaStream_t stream) {
  if (call.rows == 0 || call.columns == 0) return;
  Prepared& entry = prepared(call);
  bindPointers(entry.desc, call);
  const float one = 1, beta = call.accumulate ? 1 : 0;
  require(library_.matmul(handle_, entry.desc, &one, call.weight.data, entry.weight, call.x.data, entry.x, &beta, call.out.data,
                          entry.out, call.out.data, entry.out, &entry.algo, workspace_, kWorkspaceBytes, stream),
          describe(call).c_str());
}

}  // namespace arrowhead::cuda
