// The CPU kernels' interface. Every kernel is compiled once per instruction set; `kernels()` picks at start.
// Tensors are float32, row-major, [batch, tokens, heads, dim] unless said otherwise; strides count elements.
#pragma once
#include <cstdint>
#include <vector>

#include "../block_ranges.h"
#include "thread_pool.h"

namespace arrowhead {

inline constexpr int32_t kFullHead = -1;
inline constexpr int32_t kCachedHead = -2;

// q, k or v: heads are dim apart, tokens tokenStride apart, batches batchStride apart.
struct HeadsView {
  const float* data;
  int64_t tokenStride;
  int64_t batchStride;
};

struct AttentionShape {
  int64_t batch;
  int64_t heads;
  int64_t dim;
  TokenLayout layout;
  BlockSize block;

  int64_t tokens() const { return layout.tokens(); }
};

inline constexpr int64_t kMaxAddends = 64;

struct HeadwiseAttentionArgs {
  AttentionShape shape;
  HeadsView q, k, v;
  // One per head: kFullHead, kCachedHead, or a half-window in tokens.
  const int32_t* halfWindows;
  // One per head: not 0 where only the second half of the batch, the one with guidance, is computed, and the first half
  // gets a copy. Null: nowhere. With it the batch is even.
  const uint8_t* sharesGuidance;
  // Tensors as `out`, and for each head which of them is added to what it puts out; −1: none. Null: nowhere.
  const float* addends[kMaxAddends];
  const int32_t* addendOf;
  // The addend minus the attention, rather than their sum.
  bool subtract;
  float scale;
  // Contiguous; cached heads are left as they are.
  float* out;
  CancelFlag cancel;

  bool shares(int64_t head) const { return sharesGuidance != nullptr && sharesGuidance[head] != 0; }
  const float* addend(int64_t head) const {
    return addendOf != nullptr && addendOf[head] >= 0 ? addends[addendOf[head]] : nullptr;
  }
};

struct MeasureAttentionArgs {
  AttentionShape shape;
  HeadsView q, k, v;
  // Candidate half-windows, in any order.
  const int32_t* halfWindows;
  int64_t candidates;
  float scale;
  // One per candidate, contiguous [batch, tokens, heads, dim]: what is added to its output, measured beside the output
  // alone; null where there is none.
  std::vector<const float*> residuals;
  // Outputs made elsewhere, contiguous, to be compared with full attention too.
  std::vector<const float*> references;
  CancelFlag cancel;
};

// Sums over batch, tokens and dim, in float64.
struct AttentionErrorSums {
  std::vector<double> sum;           // [heads], of full attention
  std::vector<double> sumOfSquares;  // [heads], of full attention
  // Squared errors against full attention: [candidates + candidates + references][heads], each candidate alone, with
  // its residual (0 without one), then the references.
  std::vector<double> squaredErrors;
};

struct AttentionMapArgs {
  AttentionShape shape;
  HeadsView q, k;
  int64_t batchIndex;
  int64_t head;
  int64_t cell;
  const int32_t* halfWindows;
  int64_t candidates;
  float scale;
  // [size, size], size = ceil(tokens / cell)
  float* values;
  // [candidates]
  double* keptMass;
  CancelFlag cancel;
};

struct RowsView {
  const float* data;
  int64_t rowStride;
};

struct LayerNormModulateArgs {
  // x [batch, tokens, channels] with a row stride; shift and scale [batch, channels] with a row stride.
  RowsView x, shift, scale;
  int64_t batch, tokens, channels;
  float eps;
  float* out;
};

struct QkNormRopeArgs {
  // [batch, tokens, 3·heads·dim] with a row stride
  RowsView qkv;
  int64_t batch, tokens, heads, dim;
  // [dim]; null where there is no qk-norm.
  const float* normQ;
  const float* normK;
  float eps;
  // [tokens, dim / 2, 2]: cosine and sine that turn a pair of neighbours; null without rotary embedding
  const float* rope;
  // Joint tensors [batch, jointTokens, heads, dim]
  int64_t jointTokens, tokenOffset;
  float* q;
  float* k;
  float* v;
};

struct GatedResidualArgs {
  float* residual;  // [batch, tokens, channels]
  RowsView x;       // [batch, tokens, channels]
  RowsView gate;    // [batch, channels]
  int64_t batch, tokens, channels;
};

enum class Activation : int32_t { geluTanh = 0, silu = 1 };
enum class StoredDtype : int32_t { f32 = 0, f16 = 1, bf16 = 2 };

struct KernelTable {
  const char* name;
  bool (*headwiseAttention)(const HeadwiseAttentionArgs&);
  bool (*measureAttention)(const MeasureAttentionArgs&, AttentionErrorSums&);
  bool (*attentionMap)(const AttentionMapArgs&);
  void (*layerNormModulate)(const LayerNormModulateArgs&);
  void (*rmsNorm)(RowsView x, const float* weight, int64_t rows, int64_t channels, float eps, float* out);
  void (*qkNormRope)(const QkNormRopeArgs&);
  void (*gatedResidual)(const GatedResidualArgs&);
  void (*activation)(RowsView x, Activation kind, int64_t rows, int64_t channels, float* out, int64_t outStride);
  void (*convertToFloat32)(const uint8_t* bytes, StoredDtype dtype, int64_t count, float* out);
  void (*headwiseRse)(const float* y, const float* yFull, int64_t batch, int64_t tokens, int64_t heads, int64_t dim,
                      double* rse);
  // Multiply-adds and nothing else, on all threads; returns the floating-point operations done.
  double (*fmaBurst)(int64_t rounds);
};

// The best table that this processor runs.
const KernelTable& kernels();
// All tables that this processor runs, best first: tests compare them.
std::vector<const KernelTable*> availableKernels();

}  // namespace arrowhead
