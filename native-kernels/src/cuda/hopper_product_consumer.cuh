// The consumers' role: 64 rows of a tile per warpgroup, and what happens to them before they are stored.
#pragma once
#include "hopper_product_traits.cuh"
#include "ptx/math.cuh"
#include "ptx/wgmma.cuh"

namespace arrowhead::cuda {

// T: what is multiplied; Out: what is stored; dim: of a head.
template <class T, class Out, Epilogue epilogue, int dim>
class ProductConsumer {
  using Vector = __nv_bfloat16;  // biases and norms
  static constexpr bool kNorms = epilogue == Epilogue::qkNormRope;
  static constexpr int kUnit = kUnitColumns<epilogue, dim>;
  // Columns that are stored together: 128 bytes; and that are finished together: a head's, or as many as that.
  static constexpr int kStored = kSlabRowBytes / static_cast<int>(sizeof(Out));
  static constexpr int kFinished = kNorms ? dim : kStored;
  static constexpr int kTurnsPerRow = kNorms ? dim / 8 : 0;
  using Tile = ProductTile<kUnit>;

 public:
  __device__ ProductConsumer(ProductShared& shared, const ProductArguments& args)
      : shared_(shared), args_(args), call_(args.call), group_(threadIdx.x / kWarpgroup - 1) {}

  __device__ void run() {
    const int firstRow = group_ * kWarpgroupRows + kWarpRows * (threadIdx.x % kWarpgroup / 32);
    Tile tile;
    for (int index = blockIdx.x; productTile(args_, index, tile); index += gridDim.x) {
      tile.row += firstRow;
      if constexpr (sizeof(T) == 1) loadScales(rowScales_, call_.parts[tile.part].xScales, tile);
      if constexpr (sizeof(Out) == 1) loadScales(outScales_, call_.parts[tile.part].outScales, tile);
      multiply(tile);
      mbarrierWait(&shared_.inputsFull[inputs_.slot], inputs_.parity);
#pragma unroll
      for (int first = 0; first < kProductColumns; first += kFinished)
        finish(tile, first, tile.columns[first / kUnit] + first % kUnit);
      __syncwarp();
      if (lane() == 0) mbarrierArrive(&shared_.inputsEmpty[inputs_.slot]);
      inputs_.advance();
    }
  }

 private:
  __device__ int lane() const { return threadIdx.x % 32; }
  // The thread's sums are of rows lane / 4 and, two places on, 8 further down, and of these two columns in each group of 8.
  __device__ int columnInGroup() const { return 2 * (lane() % 4); }
  __device__ int rowOf(const Tile& tile, int r) const {
    return min(tile.row + lane() / 4 + 8 * r, call_.parts[tile.part].rows - 1);
  }

  __device__ void multiply(const Tile& tile) {
    const int depths = (call_.inner + kStageDepth<T> - 1) / kStageDepth<T>;
    const ProductPart& part = call_.parts[tile.part];
    const bool turns = kNorms && part.rope && isTurned(tile.columns[0]);
    multiplyStage(0);
    // Angles are fetched bit by bit between the products: all at once would keep them waiting.
#pragma unroll
    for (int n = 1; n < kLeastStages; ++n) {
      multiplyNext();
      if constexpr (kNorms)
        if (turns) loadTurns(tile, (n - 1) * kTurnsPerStage);
    }
    for (int n = kLeastStages; n < depths; ++n) multiplyNext();
    wgmmaWait<0>();
    pinRegisters(sums_);
    release(before_);
  }

  __device__ void multiplyStage(int accumulate) {
    mbarrierWait(&shared_.full[slot_.slot], slot_.parity);
    const uint32_t x = sharedAddress(shared_.x[slot_.slot]) + group_ * kWarpgroupRows * kSlabRowBytes;
    const uint32_t weight = sharedAddress(shared_.weight[slot_.slot]);
    wgmmaFence();
#pragma unroll
    for (int bytes = 0; bytes < kSlabRowBytes; bytes += 32)
      wgmmaSharedShared<T, kProductColumns>(sums_, matrixDescriptor(x + bytes, kSwizzleGroupBytes, 16),
                                            matrixDescriptor(weight + bytes, kSwizzleGroupBytes, 16), accumulate || bytes > 0);
    wgmmaCommit();
    before_ = slot_.slot;
    slot_.advance();
  }

  __device__ void multiplyNext() {
    const int before = before_;
    multiplyStage(1);
    wgmmaWait<1>();
    release(before);
  }

  __device__ void release(int slot) {
    if (threadIdx.x % kWarpgroup == 0) mbarrierArrive(&shared_.empty[slot]);
  }

  // Columns of q and k, not of v.
  __device__ bool isTurned(int column) const { return column < call_.columns / 3 * 2; }

  static constexpr int kTurnsPerStage = 2;

  __device__ void loadTurns(const Tile& tile, int first) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float2* from = call_.parts[tile.part].rope + static_cast<int64_t>(rowOf(tile, r)) * (dim / 2) + lane() % 4;
#pragma unroll
      for (int g = first; g < first + kTurnsPerStage && g < kTurnsPerRow; ++g) turns_[r][g] = __ldg(from + 4 * g);
    }
  }

  __device__ void loadScales(float (&scales)[2], const float* from, const Tile& tile) {
#pragma unroll
    for (int r = 0; r < 2; ++r) scales[r] = __ldg(from + rowOf(tile, r));
  }

  // Columns `first` and on of the tile, which are `column` and on of the output.
  __device__ void finish(const Tile& tile, int first, int column) {
    if (column >= call_.columns) return;
    float* sums = &sums_[first / 2];
    const ProductPart& part = call_.parts[tile.part];
    if constexpr (sizeof(T) == 1) unscale(sums, first);
    if (part.bias) addBias(sums, first);
    if constexpr (epilogue == Epilogue::gelu) {
#pragma unroll
      for (int i = 0; i < kFinished / 2; ++i) sums[i] = gelu(sums[i]);
    }
    if constexpr (kNorms) {
      if (isTurned(column)) {
        const bool isQuery = column < call_.columns / 3;
        if (isQuery ? part.normQ : part.normK) normHead(sums, shared_.inputs[inputs_.slot].norm[isQuery ? 0 : 1]);
        if (part.rope) turnHead(sums);
      }
    }
#pragma unroll
    for (int slab = 0; slab < kFinished / kStored; ++slab)
      storeSlab(tile, column + slab * kStored, sums + slab * (kStored / 2));
  }

  __device__ void unscale(float* sums, int column) {
    const float* scales = shared_.inputs[inputs_.slot].weightScales + column + columnInGroup();
#pragma unroll
    for (int g = 0; g < kFinished / 8; ++g) {
      const float2 scale = *reinterpret_cast<const float2*>(scales + 8 * g);
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        sums[4 * g + 2 * r] *= scale.x * rowScales_[r];
        sums[4 * g + 2 * r + 1] *= scale.y * rowScales_[r];
      }
    }
  }

  __device__ void addBias(float* sums, int column) {
    const uint16_t* bias = shared_.inputs[inputs_.slot].bias + column + columnInGroup();
#pragma unroll
    for (int g = 0; g < kFinished / 8; ++g) {
      const float2 pair = unpack<Vector>(*reinterpret_cast<const uint32_t*>(bias + 8 * g));
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        sums[4 * g + 2 * r] += pair.x;
        sums[4 * g + 2 * r + 1] += pair.y;
      }
    }
  }

  // The tanh form: x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))).
  __device__ static float gelu(float x) {
    constexpr float kRoot = 0.7978845608028654f;
    const float half = 0.5f * x;
    return fmaf(half, tanhApprox(x * fmaf(0.044715f * kRoot, x * x, kRoot)), half);
  }

  __device__ void normHead(float* sums, const uint16_t* norm) {
    float squares[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < dim / 2; ++i) squares[i / 2 % 2] = fmaf(sums[i], sums[i], squares[i / 2 % 2]);
    float inverse[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      squares[r] += __shfl_xor_sync(0xffffffff, squares[r], 1);
      squares[r] += __shfl_xor_sync(0xffffffff, squares[r], 2);
      inverse[r] = rsqrtf(squares[r] * (1.f / dim) + call_.eps);
    }
#pragma unroll
    for (int g = 0; g < dim / 8; ++g) {
      const float2 weight = unpack<Vector>(*reinterpret_cast<const uint32_t*>(norm + 8 * g + columnInGroup()));
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        sums[4 * g + 2 * r] *= weight.x * inverse[r];
        sums[4 * g + 2 * r + 1] *= weight.y * inverse[r];
      }
    }
  }

  __device__ void turnHead(float* sums) {
#pragma unroll
    for (int g = 0; g < kTurnsPerRow; ++g)
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        float* pair = sums + 4 * g + 2 * r;
        const float even = pair[0], odd = pair[1];
        const float2 turn = turns_[r][g];
        pair[0] = even * turn.x - odd * turn.y;
        pair[1] = odd * turn.x + even * turn.y;
      }
  }

  // 128 bytes of the warp's 16 rows, by way of shared memory, so that whole lines are written.
  __device__ void storeSlab(const Tile& tile, int column, const float* sums) {
    const ProductPart& part = call_.parts[tile.part];
    uint8_t* staging = shared_.out[threadIdx.x / 32 - kWarpgroup / 32];
    __syncwarp();  // the slab before has been read
    if constexpr (sizeof(Out) == 1) storeWarpRowsInBytes(staging, sums);
    else storeWarpRows<Out>(staging, sums);
    __syncwarp();
    constexpr int kPerChunk = 16 / sizeof(Out);
    const int chunk = lane() % 8;
    Out* out = static_cast<Out*>(part.out.data) + column + kPerChunk * chunk;
#pragma unroll
    for (int first = 0; first < kWarpRows; first += 4) {
      const int row = first + lane() / 8;
      uint4 values = *reinterpret_cast<const uint4*>(staging + row * kSlabRowBytes + 16 * (chunk ^ (row % 8)));
      if constexpr (sizeof(Out) == 1) values = inOrder(values);
      if (tile.row + row < part.rows && column + kPerChunk * chunk < call_.columns)
        *reinterpret_cast<uint4*>(out + (tile.row + row) * part.out.rowStride) = values;
    }
  }

  // As e4m3, 128 columns. What a thread has of two neighbouring groups of 8 columns goes into one word: columns lie in the
  // order 0 1 8 9 2 3 10 11 …, until they are read.
  __device__ void storeWarpRowsInBytes(uint8_t* slab, const float* sums) const {
    const int row = lane() % 16;
    const float inverse[2] = {1 / outScales_[0], 1 / outScales_[1]};
#pragma unroll
    for (int column = 0; column < kStored; column += 32) {
      uint32_t words[2][2];
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          const float* pair = sums + column / 2 + 8 * half + 2 * r;
          words[half][r] = packE4m3(pair[0] * inverse[r], pair[1] * inverse[r], pair[4] * inverse[r], pair[5] * inverse[r]);
        }
      const int chunk = column / 16 + lane() / 16;
      const uint32_t address = sharedAddress(slab + row * kSlabRowBytes) + 16 * (chunk ^ (row % 8));
      storeMatrices(address, words[0][0], words[0][1], words[1][0], words[1][1]);
    }
  }

  __device__ static uint4 inOrder(const uint4& words) {
    constexpr uint32_t kLower = 0x5410, kUpper = 0x7632;
    return {__byte_perm(words.x, words.y, kLower), __byte_perm(words.z, words.w, kLower),
            __byte_perm(words.x, words.y, kUpper), __byte_perm(words.z, words.w, kUpper)};
  }

  ProductShared& shared_;
  const ProductArguments& args_;
  const ProductCall& call_;
  const int group_;
  RingPosition<kProductStages> slot_;
  int before_ = 0;
  RingPosition<2> inputs_;
  float sums_[kProductSums];
  float2 turns_[2][kNorms ? kTurnsPerRow : 1];
  float rowScales_[2], outScales_[2];
};

}  // namespace arrowhead::cuda
