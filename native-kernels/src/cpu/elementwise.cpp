// The small operations between matrix products, each one pass over its data.
#include <cmath>
#include <vector>

#include "kernels.h"
#include "simd.h"

namespace arrowhead::ARROWHEAD_ISA {

namespace {

constexpr int64_t kRowsPerTask = 16;

template <typename Body>
void forTasks(int64_t tasks, const Body& body) {
  ThreadPool& pool = ThreadPool::shared();
  pool.run(tasks, pool.threads(), CancelFlag(), [&](int64_t task, int) { body(task); });
}

template <typename Body>
void forRows(int64_t rows, const Body& body) {
  forTasks((rows + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    for (int64_t row = task * kRowsPerTask; row < minOf((task + 1) * kRowsPerTask, rows); ++row) body(row);
  });
}

// Σ term(x) over a row, in float32 lanes and a fixed order. term(fill) must be 0.
template <typename Term>
float sumOver(const float* x, int64_t count, float fill, const Term& term) {
  Vec sum = {};
  for (int64_t i = 0; i < count; i += kLanes) sum += term(loadTail(x + i, count - i, fill));
  return horizontalSum(sum);
}

float rmsScale(const float* x, int64_t count, float eps) {
  const float squares = sumOver(x, count, 0.0f, [](Vec v) { return v * v; });
  return 1.0f / std::sqrt(squares / static_cast<float>(count) + eps);
}

Vec geluTanh(Vec x) {
  // 0.5·x·(1 + tanh u) = x·σ(2u), u = √(2/π)(x + 0.044715 x³)
  const Vec u2 = splat(1.5957691216057308f) * (x + splat(0.044715f) * x * x * x);
  return x / (splat(1.0f) + exp(-u2));
}

Vec silu(Vec x) { return x / (splat(1.0f) + exp(-x)); }

void normAndRotate(const QkNormRopeArgs& args, const float* x, const float* weight, int64_t token, float* out) {
  const int64_t dim = args.dim;
  const float scale = weight != nullptr ? rmsScale(x, dim, args.eps) : 1.0f;
  for (int64_t d = 0; d < dim; ++d) out[d] = weight != nullptr ? x[d] * scale * weight[d] : x[d];
  if (args.rope == nullptr) return;
  const float* turns = args.rope + token * dim;
  for (int64_t d = 0; d < dim; d += 2) {
    const float even = out[d];
    const float odd = out[d + 1];
    out[d] = even * turns[d] - odd * turns[d + 1];
    out[d + 1] = odd * turns[d] + even * turns[d + 1];
  }
}

// Without branches: a normal number gets another bias; a subnormal one is the difference of two normal numbers.
uint32_t halfToFloatBits(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fffu) << 13;
  const uint32_t normal = magnitude + (112u << 23) + (magnitude >= (0x1fu << 23) ? 112u << 23 : 0u);
  constexpr uint32_t kSmallestNormal = 113u << 23;
  const uint32_t raised = magnitude + kSmallestNormal;
  float subnormal;
  float smallestNormal;
  std::memcpy(&subnormal, &raised, 4);
  std::memcpy(&smallestNormal, &kSmallestNormal, 4);
  subnormal -= smallestNormal;
  uint32_t subnormalBits;
  std::memcpy(&subnormalBits, &subnormal, 4);
  return sign | (magnitude < (1u << 23) ? subnormalBits : normal);
}

}  // namespace

void layerNormModulate(const LayerNormModulateArgs& args) {
  forRows(args.batch * args.tokens, [&](int64_t row) {
    const int64_t n = args.channels;
    const float* x = args.x.data + row * args.x.rowStride;
    const float* shift = args.shift.data + row / args.tokens * args.shift.rowStride;
    const float* scale = args.scale.data + row / args.tokens * args.scale.rowStride;
    float* out = args.out + row * n;
    const float mean = sumOver(x, n, 0.0f, [](Vec v) { return v; }) / static_cast<float>(n);
    const float squares = sumOver(x, n, mean, [mean](Vec v) { return (v - splat(mean)) * (v - splat(mean)); });
    const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(n) + args.eps);
    for (int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * inverse * (1.0f + scale[i]) + shift[i];
  });
}

void rmsNorm(RowsView x, const float* weight, int64_t rows, int64_t channels, float eps, float* out) {
  forRows(rows, [&](int64_t row) {
    const float* from = x.data + row * x.rowStride;
    const float scale = rmsScale(from, channels, eps);
    for (int64_t i = 0; i < channels; ++i) out[row * channels + i] = from[i] * scale * weight[i];
  });
}

void qkNormRope(const QkNormRopeArgs& args) {
  const int64_t width = args.heads * args.dim;
  forRows(args.batch * args.tokens, [&](int64_t row) {
    const int64_t batch = row / args.tokens;
    const int64_t token = row % args.tokens;
    const float* from = args.qkv.data + row * args.qkv.rowStride;
    const int64_t to = (batch * args.jointTokens + args.tokenOffset + token) * width;
    for (int64_t h = 0; h < args.heads; ++h) {
      const int64_t at = h * args.dim;
      normAndRotate(args, from + at, args.normQ, token, args.q + to + at);
      normAndRotate(args, from + width + at, args.normK, token, args.k + to + at);
    }
    std::memcpy(args.v + to, from + 2 * width, static_cast<size_t>(width) * sizeof(float));
  });
}

void gatedResidual(const GatedResidualArgs& args) {
  forRows(args.batch * args.tokens, [&](int64_t row) {
    float* residual = args.residual + row * args.channels;
    const float* x = args.x.data + row * args.x.rowStride;
    const float* gate = args.gate.data + row / args.tokens * args.gate.rowStride;
    for (int64_t i = 0; i < args.channels; ++i) residual[i] += gate[i] * x[i];
  });
}

void activation(RowsView x, Activation kind, int64_t rows, int64_t channels, float* out, int64_t outStride) {
  forRows(rows, [&](int64_t row) {
    const float* from = x.data + row * x.rowStride;
    float* to = out + row * outStride;
    for (int64_t i = 0; i < channels; i += kLanes) {
      const Vec v = loadTail(from + i, channels - i);
      const Vec y = kind == Activation::geluTanh ? geluTanh(v) : silu(v);
      std::memcpy(to + i, &y, static_cast<size_t>(minOf(kLanes, channels - i)) * sizeof(float));
    }
  });
}

void convertToFloat32(const uint8_t* bytes, StoredDtype dtype, int64_t count, float* out) {
  constexpr int64_t kPerTask = 1 << 16;
  forTasks((count + kPerTask - 1) / kPerTask, [&](int64_t task) {
    const int64_t begin = task * kPerTask;
    const int64_t end = minOf(begin + kPerTask, count);
    if (dtype == StoredDtype::f32) {
      std::memcpy(out + begin, bytes + begin * 4, static_cast<size_t>(end - begin) * 4);
      return;
    }
    // One loop for each dtype, so that the compiler can make vectors of it.
    const auto convert = [&](auto toBits) {
      const uint8_t* __restrict from = bytes + begin * 2;
      float* __restrict to = out + begin;
      for (int64_t i = 0; i < end - begin; ++i) {
        uint16_t stored;
        std::memcpy(&stored, from + i * 2, 2);
        const uint32_t bits = toBits(stored);
        std::memcpy(to + i, &bits, 4);
      }
    };
    if (dtype == StoredDtype::bf16) {
      convert([](uint16_t stored) { return static_cast<uint32_t>(stored) << 16; });
    } else {
      convert(halfToFloatBits);
    }
  });
}

void headwiseRse(const float* y, const float* yFull, int64_t batch, int64_t tokens, int64_t heads, int64_t dim, double* rse) {
  forTasks(heads, [&](int64_t head) {
    const auto forEach = [&](const auto& body) {
      for (int64_t row = 0; row < batch * tokens; ++row)
        for (int64_t d = 0; d < dim; ++d) body((row * heads + head) * dim + d);
    };
    double sum = 0;
    forEach([&](int64_t i) { sum += yFull[i]; });
    const double mean = sum / static_cast<double>(batch * tokens * dim);
    double error = 0;
    double variance = 0;
    forEach([&](int64_t i) {
      const double difference = static_cast<double>(y[i]) - yFull[i];
      const double centred = yFull[i] - mean;
      error += difference * difference;
      variance += centred * centred;
    });
    // A head that puts out a constant has no variance: it is exact or infinitely wrong.
    rse[head] = error == 0 ? 0 : error / variance;
  });
}

}  // namespace arrowhead::ARROWHEAD_ISA
