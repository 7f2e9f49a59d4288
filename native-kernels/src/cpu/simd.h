// Vectors of the widest kind that the file is compiled for, through compiler vector extensions: no intrinsics, so that
// NEON and future sets come for free.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>

namespace arrowhead::ARROWHEAD_ISA {

#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
inline constexpr int kRowGroup = 8;
#elif defined(__AVX2__)
inline constexpr int kLanes = 8;
inline constexpr int kRowGroup = 4;
#else
inline constexpr int kLanes = 4;
inline constexpr int kRowGroup = 4;
#endif

typedef float Vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t IntVec __attribute__((vector_size(kLanes * 4)));

inline Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Vec v) { std::memcpy(p, &v, sizeof v); }
inline Vec splat(float x) { return x - Vec{}; }

inline Vec max(Vec a, Vec b) { return a > b ? a : b; }

inline float horizontalMax(Vec v) {
  float result = v[0];
  for (int i = 1; i < kLanes; ++i) result = v[i] > result ? v[i] : result;
  return result;
}
inline float horizontalSum(Vec v) {
  // Pairwise, always in the same order: results do not depend on the thread count.
  float part[kLanes];
  std::memcpy(part, &v, sizeof part);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) part[i] += part[i + width];
  return part[0];
}

// 2^x to about 1 ulp; 0 below −126 (−∞ included), NaN stays NaN, ∞ above 128.
inline Vec exp2(Vec x) {
  const Vec clamped = x > splat(128.0f) ? splat(128.0f) : x;
  // Adding 1.5·2²³ rounds to an integer, which the low mantissa bits then hold.
  const Vec shifted = clamped + splat(12582912.0f);
  const Vec f = clamped - (shifted - splat(12582912.0f));
  IntVec n;
  std::memcpy(&n, &shifted, sizeof n);
  // Minimax on [−½, ½]; the constants are the Taylor ones, corrected in the last places.
  Vec p = splat(1.5403530e-4f);
  p = p * f + splat(1.3333558e-3f);
  p = p * f + splat(9.6181291e-3f);
  p = p * f + splat(5.5504109e-2f);
  p = p * f + splat(2.4022651e-1f);
  p = p * f + splat(6.9314718e-1f);
  p = p * f + splat(1.0f);
  // 2^n in two factors, so that n = 128 overflows to infinity instead of wrapping.
  const IntVec half = (n - 0x4b400000) >> 1;
  const IntVec rest = (n - 0x4b400000) - half;
  const IntVec aBits = (half + 127) << 23;
  const IntVec bBits = (rest + 127) << 23;
  Vec a, b;
  std::memcpy(&a, &aBits, sizeof a);
  std::memcpy(&b, &bBits, sizeof b);
  const Vec y = p * a * b;
  return x < splat(-126.0f) ? Vec{} : y;
}

inline Vec exp(Vec x) { return exp2(x * splat(1.4426950408889634f)); }

}  // namespace arrowhead::ARROWHEAD_ISA
