// Vectors and noise, for the GPU and for previews on the CPU.
#pragma once
#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#include <cuda_runtime.h>
#define FN __device__ __forceinline__
#else
#define FN static inline
#endif

namespace {

struct V { float x, y, z; };
FN V v(float x, float y, float z) { return {x, y, z}; }
FN V operator+(V a, V b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
FN V operator-(V a, V b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
FN V operator*(V a, V b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
FN V operator*(V a, float s) { return {a.x * s, a.y * s, a.z * s}; }
FN float dot(V a, V b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
FN float length(V a) { return sqrtf(dot(a, a)); }
FN V normalize(V a) { return a * (1.0f / sqrtf(fmaxf(dot(a, a), 1e-12f))); }
#ifndef __CUDACC__
FN float rsqrt(float x) { return 1.0f / sqrtf(x); }
#else
FN float rsqrt(float x) { return rsqrtf(x); }
#endif
FN float clamp(float x, float lo, float hi) { return fminf(fmaxf(x, lo), hi); }
FN float mix(float a, float b, float t) { return a + (b - a) * t; }
FN V mix(V a, V b, float t) { return a + (b - a) * t; }
FN float smooth(float lo, float hi, float x) { const float t = clamp((x - lo) / (hi - lo), 0, 1); return t * t * (3 - 2 * t); }
FN float fract(float x) { return x - floorf(x); }
FN V reflect(V d, V n) { return d - n * (2 * dot(d, n)); }

FN float hash(float x, float y) {
  uint32_t h = static_cast<uint32_t>(static_cast<int>(floorf(x))) * 0x9e3779b1u ^ static_cast<uint32_t>(static_cast<int>(floorf(y))) * 0x85ebca77u;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du; h = (h ^ (h >> 12)) * 0x297a2d39u; h ^= h >> 15;
  return static_cast<float>(h & 0xffffffu) / 16777216.0f;
}
FN float noise(float x, float y) {
  const float ix = floorf(x), iy = floorf(y);
  float fx = x - ix, fy = y - iy;
  fx = fx * fx * (3 - 2 * fx); fy = fy * fy * (3 - 2 * fy);
  return mix(mix(hash(ix, iy), hash(ix + 1, iy), fx), mix(hash(ix, iy + 1), hash(ix + 1, iy + 1), fx), fy);
}
FN float fbm(float x, float y) {
  return noise(x, y) * 0.5f + noise(x * 2.03f + 7.1f, y * 2.03f + 3.7f) * 0.25f + noise(x * 4.1f + 1.3f, y * 4.1f + 9.2f) * 0.15f + noise(x * 8.2f, y * 8.2f + 5.5f) * 0.1f;
}

}  // namespace
