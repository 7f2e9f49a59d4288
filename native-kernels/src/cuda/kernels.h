// The CUDA kernels' interface. Every call enqueues on a stream and returns at once; tensors are bf16 or fp16 in device
// memory, [batch, tokens, heads, dim] unless said otherwise; strides count elements. Sums are float32 or better.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>
#include <vector>

#include "../block_ranges.h"

namespace arrowhead::cuda {

enum class Dtype : int32_t { f32 = 0, f16 = 1, bf16 = 2, e4m3 = 3 };

// In half-windows, as on the CPU.
inline constexpr int32_t kFullHead = -1;
inline constexpr int32_t kCachedHead = -2;

// q, k, v or an output: heads are dim apart, tokens tokenStride apart, batches batchStride apart, so that q, k and v may
// lie side by side in one fused projection. 16-byte aligned, strides multiples of 8.
struct HeadsView {
  void* data;
  int64_t tokenStride;
  int64_t batchStride;
};

struct AttentionShape {
  int32_t batch;
  int32_t heads;
  int32_t dim;
  Dtype dtype;  // f16 or bf16
  TokenLayout layout;
  float scale;
};

// Keys are visited in blocks of 64; every mask block is a multiple.
inline constexpr int32_t kKeyBlock = 64;

// The keys that a row block visits, one after another: up to three runs of key blocks. Made on the host from
// block_ranges.h, so that kernels do no range arithmetic.
struct KeyWalk {
  int32_t firstBlock[3];
  int32_t blocks[3];    // 0 for runs that are not there
  int32_t totalBlocks;
  int32_t lastKeys;     // keys in the very last block: fewer than 64 at the end of the sequence only
};

// One row block of one head.
struct Tile {
  int32_t head;
  int32_t batch;
  int32_t rowBlock;
  int32_t walk;    // index into the walks; when measuring, the first of candidates + 1
  int32_t addend;  // index into the call's addends; -1: none
  int32_t copyTo;  // batch that gets the same output; -1: none
};

// What the heads of one call do.
struct HeadPlan {
  const int32_t* halfWindows;  // kFullHead, kCachedHead, or a half-window in tokens
  // Not 0 where the second half of the batch, the one with guidance, is computed, and the first gets a copy; with it the
  // batch is even. Null: nowhere.
  const uint8_t* sharesGuidance;
  const int32_t* addendOf;  // index into the call's addends or -1; null: none anywhere
};

// Tiles are ordered by cost, longest first: what starts late is short, so no multiprocessor waits for another at the end.
struct TilePlan {
  // Every tile visits every key.
  bool dense = false;
  std::vector<Tile> tiles;
  std::vector<KeyWalk> walks;
};

// Tiles of every head that computes something; cached heads have none.
TilePlan planHeadwise(const AttentionShape& shape, const HeadPlan& heads, BlockSize block);
// Every row block of every head. Walks go outward, one per stage: the keys of the innermost window, what each next one
// adds (half-windows ascending), what full attention adds.
TilePlan planMeasure(const AttentionShape& shape, const int32_t* halfWindows, int32_t candidates, BlockSize block);

// A TilePlan in device memory.
struct TileList {
  const Tile* tiles;
  const KeyWalk* walks;
  int32_t count;
  bool dense;
};

// What the kernels run at a head dim.
BlockSize attentionBlock(int32_t dim);

// Two int32 in device memory, zero before the first launch and left zero by every launch: launches that share them must
// not overlap.
struct Scheduler {
  int32_t* counters;
};

inline constexpr int32_t kMaxCandidates = 6;
inline constexpr int32_t kMaxAddends = 16;
inline constexpr int32_t kMaxReferences = 8;

// Tensors laid out as the output that heads are combined with: addend + attention, or addend − attention.
struct Addends {
  HeadsView view[kMaxAddends];
  float sign;  // of the attention: 1 or -1
};

struct HeadwiseAttentionCall {
  AttentionShape shape;
  HeadsView q, k, v;
  HeadsView out;  // heads without tiles are not touched
  Addends addends;
  TileList tiles;
  Scheduler scheduler;
};

// What is compared with full attention.
struct Compared {
  int32_t candidates;  // at most kMaxCandidates
  // What is added to a candidate's output, measured beside the output alone; data null where there is none.
  HeadsView residuals[kMaxCandidates];
  int32_t references;  // at most kMaxReferences
  // Outputs made elsewhere.
  HeadsView reference[kMaxReferences];

  // Sums per head.
  __host__ __device__ int32_t values() const { return 2 + 2 * candidates + references; }
};

struct MeasureAttentionCall {
  AttentionShape shape;
  HeadsView q, k, v;
  Compared compared;
  TileList tiles;  // from planMeasure
  Scheduler scheduler;
  // measureScratchBytes(shape, compared) in device memory
  void* scratch;
  // [heads][compared.values()] float64: sum, sum of squares of full attention; squared errors of each candidate, of each
  // candidate with its residual (0 without one), of each reference. Summed in a fixed order: equal inputs, equal bits.
  double* sums;
};

// By the kernels for the current card: sm_90a's where it is a Hopper and the head dim 64 or 128, else mma.sync's.
cudaError_t headwiseAttention(const HeadwiseAttentionCall& call, cudaStream_t stream);
cudaError_t measureAttention(const MeasureAttentionCall& call, cudaStream_t stream);

bool runsOnHopper(int32_t dim);
cudaError_t headwiseAttentionHopper(const HeadwiseAttentionCall& call, cudaStream_t stream);
cudaError_t measureAttentionHopper(const MeasureAttentionCall& call, cudaStream_t stream);
size_t hopperMeasureScratchBytes(const AttentionShape& shape, const Compared& compared);
// For cards without wgmma (sm_80, 86, 89, 120) and for every other head dim.
cudaError_t headwiseAttentionMma(const HeadwiseAttentionCall& call, cudaStream_t stream);
cudaError_t measureAttentionMma(const MeasureAttentionCall& call, cudaStream_t stream);
size_t mmaMeasureScratchBytes(const AttentionShape& shape, const Compared& compared);

struct AttentionMapCall {
  AttentionShape shape;
  HeadsView q, k;
  int32_t batchIndex;
  int32_t head;
  int32_t cell;
  int32_t candidates;
  int32_t halfWindows[kMaxCandidates];
  BlockSize block;
  float* values;     // [size, size], size = ceil(tokens / cell)
  double* keptMass;  // [candidates]
  float* scratch;    // attentionMapScratchBytes, 16-byte aligned
};

size_t attentionMapScratchBytes(int64_t tokens, int32_t cell, int32_t candidates);

cudaError_t attentionMap(const AttentionMapCall& call, cudaStream_t stream);

// Rows of a larger tensor: `rowStride` elements apart.
struct RowsView {
  void* data;
  int64_t rowStride;
};

struct LayerNormModulateCall {
  RowsView x;             // [batch · tokens] rows of `channels`
  RowsView shift, scale;  // [batch] rows of `channels`
  int32_t batch, tokens, channels;
  float eps;
  Dtype dtype;
  RowsView out;
  // Where set, `out` is e4m3 and each row's scale, amax / 448, is written here: [batch · tokens].
  float* rowScales;
  float* rowNorms;  // with rowScales: each row's Euclidean norm
  // x becomes x + gate ⊙ added first, in place: rows as x's and [batch] rows; data null where nothing is added.
  RowsView added, gate;
};

// LayerNorm without affine over channels, then · (1 + scale) + shift.
cudaError_t layerNormModulate(const LayerNormModulateCall& call, cudaStream_t stream);

struct QkNormRopeCall {
  // Of one stream, [batch][tokens][heads][dim] each; normed and rotated where they lie.
  HeadsView q, k;
  int32_t batch, tokens, heads, dim;
  Dtype dtype;
  const void* normQ;  // [dim] of `dtype`; null without qk-norm
  const void* normK;
  float eps;
  const float2* rope;  // [tokens, dim / 2]: cosine and sine that turn a pair of neighbours; null without rotary embedding
};

cudaError_t qkNormRope(const QkNormRopeCall& call, cudaStream_t stream);

// What a product does to its sums before it stores them.
enum class Epilogue : int32_t { none = 0, gelu = 1, qkNormRope = 2 };

// Columns of an output that are computed, in units of a head's (Epilogue::qkNormRope) or of 256, in ascending order; the
// others are left as they are.
inline constexpr int32_t kMaxProductUnits = 192;
struct ProductUnits {
  int32_t count;
  uint16_t first[kMaxProductUnits];
};

// Rows with a weight of their own: out = epilogue(x · weightᵀ + bias).
struct ProductPart {
  RowsView x;        // [rows, split] of `dtype`
  RowsView rest;     // [rows, inner − split]: what follows x's columns
  RowsView weight;   // [columns, inner] of `dtype`
  const void* bias;  // [columns], bf16; or null
  RowsView out;      // [rows, columns] of `outDtype`
  int32_t rows;
  const float* outScales;  // for an e4m3 `out`: [rows], what its values are divided by
  // e4m3 only: one scale per row of x, one per row of weight.
  const float* xScales;
  const float* weightScales;
  // Epilogue::qkNormRope: the columns are q, k and v of all heads, side by side.
  const void* normQ;   // [dim], bf16; null without qk-norm
  const void* normK;
  const float2* rope;  // [rows, dim / 2]: cosine and sine that turn a pair of neighbours; null without rotary embedding
  ProductUnits units;

  __host__ __device__ bool hasWork() const { return rows > 0 && units.count > 0; }
};

inline constexpr int32_t kMaxProductParts = 4;

struct ProductCall {
  ProductPart parts[kMaxProductParts];
  int32_t count;
  int32_t inner, columns;
  int32_t split;   // `inner` where x has all columns; in 16 bits only
  Dtype dtype;     // bf16 or e4m3
  Dtype outDtype;  // bf16; e4m3 of e4m3 with Epilogue::gelu
  Epilogue epilogue;
  int32_t dim;  // of a head
  float eps;
};

// Whether this card and these shapes have fusedProduct.
bool hasFusedProduct(const ProductCall& call);
// Products of one shape in one launch, each followed by what else happens to its output.
cudaError_t fusedProduct(const ProductCall& call, cudaStream_t stream);

struct GatedResidualCall {
  RowsView residual;  // [batch · tokens] rows, updated in place: residual + gate ⊙ x
  RowsView x;
  RowsView gate;  // [batch] rows
  int32_t batch, tokens, channels;
  Dtype dtype;
};

cudaError_t gatedResidual(const GatedResidualCall& call, cudaStream_t stream);

enum class Activation : int32_t { geluTanh = 0, silu = 1 };

cudaError_t activation(RowsView x, RowsView out, int64_t rows, int64_t channels, Activation kind, Dtype dtype,
                       cudaStream_t stream);
cudaError_t addInPlace(void* a, const void* b, int64_t count, Dtype dtype, cudaStream_t stream);
// Rows of bytes between strides; both 16-byte aligned and widths multiples of 16 run at memory speed, others too, slower.
cudaError_t copyRows(const void* from, int64_t fromStrideBytes, void* to, int64_t toStrideBytes, int64_t widthBytes,
                     int64_t rows, cudaStream_t stream);
// Between any of f32, f16 and bf16.
cudaError_t convert(const void* from, Dtype fromDtype, void* to, Dtype toDtype, int64_t count, cudaStream_t stream);
// e4m3 with one scale per row, amax / 448; and each row's Euclidean norm, unless null.
cudaError_t quantizeRows(RowsView x, int64_t rows, int64_t channels, Dtype dtype, void* out, float* rowScales,
                         float* rowNorms, cudaStream_t stream);

// Scales for an output of products that is stored as e4m3 before anybody has seen it whole: no element exceeds the norm of
// its row of x times the largest norm of a row of weight, plus the largest bias. Floating-point formats lose nothing by a
// scale that is too large, as long as small values stay above its smallest.
struct BoundScalesCall {
  const float* xNorms;       // [rows]
  const float* weightNorms;  // [columns]
  const void* bias;          // [columns], bf16; or null
  int64_t rows, columns;
  float* scales;             // [rows]
};

cudaError_t boundScales(const BoundScalesCall& call, cudaStream_t stream);
// Normal deviates · std, the same for a seed on every card; for synthetic checkpoints.
cudaError_t fillNormal(void* out, int64_t count, Dtype dtype, float std, uint64_t seed, cudaStream_t stream);

}  // namespace arrowhead::cuda
