// Matrix products: out = activation(x · weightᵀ + bias), all row-major. By cuBLASLt, or by our own kernel where that was
// timed to be faster.
#pragma once
#include <map>
#include <string>

#include "cublas_lt.h"
#include "kernels.h"

namespace arrowhead::cuda {

struct MatmulCall {
  RowsView x;           // [rows, split] of `dtype`
  RowsView rest;        // [rows, inner − split]: what follows x's columns
  RowsView weight;      // [columns, inner] of `dtype`
  const void* bias;     // [columns] of `outDtype`, bf16 for e4m3; or null
  RowsView out;         // [rows, columns] of `outDtype`
  int64_t rows, inner, columns;
  int64_t split;        // `inner` where x has all columns; in 16 bits only
  Dtype dtype;          // bf16, f16 or e4m3
  Dtype outDtype;       // bf16 or f16; e4m3 where x is e4m3, with gelu
  bool gelu;            // tanh form
  bool accumulate;      // adds to what `out` holds
  // e4m3 only: one scale per row of x, one per row of weight.
  const float* xScales;
  const float* weightScales;
  // For an e4m3 `out`: Euclidean norms of x's rows and of weight's, and where the scales of out's rows go.
  const float* xNorms;
  const float* weightNorms;
  float* outScales;
};

// A choice.
inline constexpr int kOwnKernel = -1;

class Matmul {
 public:
  // Throws std::runtime_error where `file` is no cuBLASLt or the card has no memory for its workspace.
  Matmul(const std::string& file, std::map<std::string, int> choices);
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  // Throws std::runtime_error where cuBLASLt has no algorithm for these shapes or fails.
  cudaError_t run(const MatmulCall& call, cudaStream_t stream);
  // Which of cuBLASLt's suggestions each large product uses, kOwnKernel for none of them: timed once, the first time.
  // Handing them to another process makes it compute the same bits.
  const std::map<std::string, int>& choices() const { return choices_; }
  size_t version() const { return library_.version(); }

 private:
  struct Prepared {
    lt::Desc desc;
    lt::Layout x, weight, out;
    lt::Algo algo;
    bool own;
  };
  // One product of two that lie apart, or two products.
  bool isOneBetter(const MatmulCall& call, cudaStream_t stream);
  cudaError_t runQuantised(const MatmulCall& call, cudaStream_t stream);
  cudaError_t runWithAlignedScales(const MatmulCall& call, cudaStream_t stream);
  cudaError_t runHalves(const MatmulCall& call, cudaStream_t stream);
  Prepared& prepared(const MatmulCall& call, cudaStream_t stream);
  int fastest(const MatmulCall& call, const Prepared& entry, const lt::Heuristic* suggestions, int count,
              cudaStream_t stream);
  bool multiplyBy(int choice, const MatmulCall& call, const Prepared& entry, const lt::Heuristic* suggestions,
                  cudaStream_t stream);
  lt::Status multiply(const MatmulCall& call, const Prepared& entry, const lt::Algo& algo, void* out, cudaStream_t stream);
  void bindPointers(lt::Desc desc, const MatmulCall& call);

  lt::Library library_;
  lt::Handle handle_ = nullptr;
  void* workspace_ = nullptr;
  std::map<std::string, Prepared> prepared_;
  std::map<std::string, int> choices_;
};

}  // namespace arrowhead::cuda
