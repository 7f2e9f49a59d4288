#include "matmul.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "few_rows.h"

namespace arrowhead::cuda {

namespace {

// What NVIDIA recommends for Hopper.
constexpr size_t kWorkspaceBytes = size_t{32} << 20;
// Of cuBLASLt's suggestions, its own favourite first.
constexpr int kSuggestions = 48;
// FLOPs from which a product is timed with each suggestion: some 30 µs on an H200.
constexpr double kWorthTiming = 2e10;

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

// What all addresses are multiples of: cuBLASLt takes 256 for granted unless told otherwise.
uint32_t alignmentOf(const MatmulCall& call) {
  const auto all = reinterpret_cast<uintptr_t>(call.x.data) | reinterpret_cast<uintptr_t>(call.weight.data) |
                   reinterpret_cast<uintptr_t>(call.out.data);
  for (const uint32_t alignment : {256u, 16u})
    if (all % alignment == 0) return alignment;
  return 2;
}

// Everything that the choice of an algorithm depends on.
std::string keyOf(const MatmulCall& call) {
  std::string key;
  for (const int64_t part : {call.rows, call.inner, call.columns, call.split, call.x.rowStride, call.weight.rowStride, call.out.rowStride,
                             int64_t{static_cast<int32_t>(call.dtype)}, int64_t{static_cast<int32_t>(call.outDtype)},
                             int64_t{call.bias != nullptr}, int64_t{call.gelu}, int64_t{call.accumulate}, int64_t{alignmentOf(call)}})
    key += (key.empty() ? "" : " ") + std::to_string(part);
  return key;
}

std::string describe(const MatmulCall& call) {
  return std::to_string(call.rows) + " × " + std::to_string(call.inner) + " by " + std::to_string(call.columns) +
         (call.dtype == Dtype::e4m3 ? " in fp8" : "");
}

// The same for our own kernel, which adds to nothing.
ProductCall productOf(const MatmulCall& call) {
  constexpr int64_t kUnit = 256;
  ProductCall product = {};
  ProductPart& part = product.parts[0];
  part.x = call.x;
  part.rest = call.rest;
  part.weight = call.weight;
  part.bias = call.bias;
  part.out = call.out;
  part.rows = static_cast<int32_t>(call.rows);
  part.xScales = call.xScales;
  part.weightScales = call.weightScales;
  part.outScales = call.outScales;
  part.units.count = static_cast<int32_t>((call.columns + kUnit - 1) / kUnit);
  for (int n = 0; n < part.units.count && n < kMaxProductUnits; ++n) part.units.first[n] = static_cast<uint16_t>(n);
  product.count = 1;
  product.inner = static_cast<int32_t>(call.inner);
  product.split = static_cast<int32_t>(call.split);
  product.columns = static_cast<int32_t>(call.columns);
  product.dtype = call.dtype;
  product.outDtype = call.outDtype;
  product.epilogue = call.gelu ? Epilogue::gelu : Epilogue::none;
  return product;
}

bool hasOwn(const MatmulCall& call) { return !call.accumulate && hasFusedProduct(productOf(call)); }

double flopsOf(const MatmulCall& call) { return 2.0 * call.rows * call.inner * call.columns; }

// Memory for what is enqueued while it lives.
class StreamMemory {
 public:
  StreamMemory(size_t bytes, cudaStream_t stream) : stream_(stream), error_(cudaMallocAsync(&data_, bytes, stream)) {
    if (error_ == cudaSuccess) return;
    cudaGetLastError();
    data_ = nullptr;
  }
  ~StreamMemory() {
    if (data_) cudaFreeAsync(data_, stream_);
  }
  StreamMemory(const StreamMemory&) = delete;
  StreamMemory& operator=(const StreamMemory&) = delete;

  void* data() const { return data_; }
  cudaError_t error() const { return error_; }

 private:
  void* data_ = nullptr;
  cudaStream_t stream_;
  cudaError_t error_;
};

// The same call with memory of its own to write to; `data` null where there is none.
struct Scratch {
  StreamMemory memory;
  MatmulCall call;

  Scratch(const MatmulCall& of, cudaStream_t stream) : memory(bytesOf(of), stream), call(of) {
    call.out.data = memory.data();
    if (memory.data()) cudaMemsetAsync(memory.data(), 0, bytesOf(of), stream);
  }

 private:
  static size_t bytesOf(const MatmulCall& call) {
    return static_cast<size_t>(call.rows) * static_cast<size_t>(call.out.rowStride) * 2;
  }
};

// Which of `count` runs is the fastest, the first one where none is clearly so. All in turns, several times: a card's
// clocks move while it works, and what runs first would look fast. `run(i)` enqueues and says whether it could.
template <class Run>
size_t fastestOf(size_t count, cudaStream_t stream, Run run) {
  constexpr int kRounds = 5;
  // What is not clearly faster is noise.
  constexpr float kClearly = 0.995f;
  std::vector<float> least(count, INFINITY);
  cudaEvent_t begin = nullptr, end = nullptr;
  if (cudaEventCreate(&begin) == cudaSuccess && cudaEventCreate(&end) == cudaSuccess) {
    // The first round warms up.
    for (int round = 0; round <= kRounds; ++round)
      for (size_t i = 0; i < count; ++i) {
        cudaEventRecord(begin, stream);
        const bool works = run(i);
        cudaEventRecord(end, stream);
        float milliseconds = 0;
        if (cudaEventSynchronize(end) != cudaSuccess || cudaEventElapsedTime(&milliseconds, begin, end) != cudaSuccess) continue;
        if (works && round > 0 && milliseconds < least[i]) least[i] = milliseconds;
      }
  }
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (least[i] < least[best] * kClearly) best = i;
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  cudaGetLastError();
  return best;
}

}  // namespace

Matmul::Matmul(const std::string& file, std::map<std::string, int> choices)
    : library_(lt::Library::load(file)), choices_(std::move(choices)) {
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
Matmul::Prepared& Matmul::prepared(const MatmulCall& call, cudaStream_t stream) {
  const std::string key = keyOf(call);
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
  const uint32_t alignment = alignmentOf(call);
  for (lt::PreferenceAttribute attribute : {lt::kAlignmentA, lt::kAlignmentB, lt::kAlignmentC, lt::kAlignmentD})
    library_.preferenceSet(preference, attribute, &alignment, sizeof(alignment));
  lt::Heuristic suggestions[kSuggestions] = {};
  int found = 0;
  const lt::Status status = library_.heuristics(handle_, entry.desc, entry.weight, entry.x, entry.out, entry.out, preference,
                                                kSuggestions, suggestions, &found);
  library_.preferenceDestroy(preference);
  if (status != lt::kSuccess || found == 0)
    throw std::runtime_error("cuBLASLt has no algorithm for " + describe(call) + " on this card (status " +
                             std::to_string(status) + ")");
  int choice = 0;
  if (const auto known = choices_.find(key); known != choices_.end()) choice = known->second < found ? known->second : 0;
  else if (flopsOf(call) >= kWorthTiming)
    choice = choices_[key] = fastest(call, entry, suggestions, found, stream);
  entry.own = choice == kOwnKernel;
  entry.algo = suggestions[entry.own ? 0 : choice].algo;
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

lt::Status Matmul::multiply(const MatmulCall& call, const Prepared& entry, const lt::Algo& algo, void* out,
                            cudaStream_t stream) {
  const float one = 1, beta = call.accumulate ? 1 : 0;
  return library_.matmul(handle_, entry.desc, &one, call.weight.data, entry.weight, call.x.data, entry.x, &beta, out,
                         entry.out, out, entry.out, &algo, workspace_, kWorkspaceBytes, stream);
}

bool Matmul::multiplyBy(int choice, const MatmulCall& call, const Prepared& entry, const lt::Heuristic* suggestions,
                        cudaStream_t stream) {
  if (choice == kOwnKernel) return fusedProduct(productOf(call), stream) == cudaSuccess;
  return multiply(call, entry, suggestions[choice].algo, call.out.data, stream) == lt::kSuccess;
}

// Into memory of its own, since the output may be one that is added to. Without memory for that, the first suggestion.
int Matmul::fastest(const MatmulCall& call, const Prepared& entry, const lt::Heuristic* suggestions, int count,
                    cudaStream_t stream) {
  const Scratch scratch(call, stream);
  if (!scratch.call.out.data) return 0;
  std::vector<int> choices;
  for (int i = 0; i < count; ++i) choices.push_back(i);
  if (hasOwn(call)) choices.push_back(kOwnKernel);
  return choices[fastestOf(choices.size(), stream, [&](size_t i) {
    return multiplyBy(choices[i], scratch.call, entry, suggestions, stream);
  })];
}

bool Matmul::isOneBetter(const MatmulCall& call, cudaStream_t stream) {
  if (!hasOwn(call) || flopsOf(call) < kWorthTiming) return false;
  const std::string key = keyOf(call);
  if (const auto known = choices_.find(key); known != choices_.end()) return known->second == kOwnKernel;
  // Kept whatever comes: what is chosen later would round differently.
  int& choice = choices_[key] = 0;
  const Scratch scratch(call, stream);
  if (!scratch.call.out.data) return false;
  // Not among what is timed: the halves' own choices.
  if (runHalves(scratch.call, stream) != cudaSuccess) return false;
  const size_t best = fastestOf(2, stream, [&](size_t i) {
    if (i == 1) return fusedProduct(productOf(scratch.call), stream) == cudaSuccess;
    return runHalves(scratch.call, stream) == cudaSuccess;
  });
  if (best == 1) choice = kOwnKernel;
  return best == 1;
}

cudaError_t Matmul::runQuantised(const MatmulCall& call, cudaStream_t stream) {
  if (hasOwn(call)) {
    const BoundScalesCall bounds = {call.xNorms, call.weightNorms, call.bias, call.rows, call.columns, call.outScales};
    if (const cudaError_t error = boundScales(bounds, stream)) return error;
    return fusedProduct(productOf(call), stream);
  }
  const StreamMemory wide(static_cast<size_t>(call.rows * call.columns) * 2, stream);
  if (wide.error()) return wide.error();
  MatmulCall product = call;
  product.outDtype = Dtype::bf16;
  product.out = {wide.data(), call.columns};
  if (const cudaError_t error = run(product, stream)) return error;
  return quantizeRows(product.out, call.rows, call.columns, Dtype::bf16, call.out.data, call.outScales, nullptr, stream);
}

// cuBLASLt takes scales that begin at a multiple of 16 bytes; those of a batch's later samples may not.
cudaError_t Matmul::runWithAlignedScales(const MatmulCall& call, cudaStream_t stream) {
  const size_t bytes = static_cast<size_t>(call.rows) * sizeof(float);
  const StreamMemory scales(bytes, stream);
  if (scales.error()) return scales.error();
  if (const cudaError_t error = cudaMemcpyAsync(scales.data(), call.xScales, bytes, cudaMemcpyDeviceToDevice, stream))
    return error;
  MatmulCall aligned = call;
  aligned.xScales = static_cast<float*>(scales.data());
  return run(aligned, stream);
}

cudaError_t Matmul::runHalves(const MatmulCall& call, cudaStream_t stream) {
  MatmulCall first = call, second = call;
  first.inner = first.split = call.split;
  // Bias and activation belong to the whole sum: the last product brings them.
  first.bias = nullptr;
  first.gelu = false;
  second.x = call.rest;
  second.inner = second.split = call.inner - call.split;
  second.weight.data = static_cast<uint16_t*>(call.weight.data) + call.split;
  second.accumulate = true;
  if (const cudaError_t error = run(first, stream)) return error;
  return run(second, stream);
}

cudaError_t Matmul::run(const MatmulCall& call, cudaStream_t stream) {
  if (call.rows == 0 || call.columns == 0) return cudaSuccess;
  if (call.outDtype == Dtype::e4m3) return runQuantised(call, stream);
  if (call.dtype == Dtype::e4m3 && reinterpret_cast<uintptr_t>(call.xScales) % 16 != 0)
    return runWithAlignedScales(call, stream);
  if (isForFewRows(call)) return multiplyFewRows(call, stream);
  if (call.split < call.inner)
    return isOneBetter(call, stream) ? fusedProduct(productOf(call), stream) : runHalves(call, stream);
  Prepared& entry = prepared(call, stream);
  if (entry.own && hasOwn(call)) return fusedProduct(productOf(call), stream);
  bindPointers(entry.desc, call);
  require(multiply(call, entry, entry.algo, call.out.data, stream), describe(call).c_str());
  return cudaSuccess;
}

}  // namespace arrowhead::cuda
