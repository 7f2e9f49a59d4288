// Vectors of the widest kind that the file is compiled for, through compiler vector extensions: no intrinsics, so that
// NEON and future sets come for free.
#pragma once
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

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

// Lanes beyond `available` read as `fill`, so that a tail never reads past its row.
inline Vec loadTail(const float* p, int64_t available, float fill = 0.0f) {
  if (available >= kLanes) return load(p);
  Vec v = splat(fill);
  std::memcpy(&v, p, static_cast<size_t>(available) * sizeof(float));
  return v;
}

inline Vec max(Vec a, Vec b) { return a > b ? a : b; }

// Lane i of the result is lane i ^ distance of v.
template <int distance, int... lanes>
inline Vec crossed(Vec v, std::integer_sequence<int, lanes...>) {
  return __builtin_shufflevector(v, v, (lanes ^ distance)...);
}

// One step of a butterfly transposition: blocks of `distance` trade their off-diagonal quarters.
template <int distance, int... lanes>
inline void tradeQuarters(Vec& low, Vec& high, std::integer_sequence<int, lanes...>) {
  const Vec a = low;
  const Vec b = high;
  low = __builtin_shufflevector(a, b, ((lanes & distance) != 0 ? kLanes + (lanes ^ distance) : lanes)...);
  high = __builtin_shufflevector(a, b, ((lanes & distance) != 0 ? kLanes + lanes : (lanes ^ distance))...);
}

// square[i][j] becomes square[j][i].
template <int distance = kLanes / 2>
inline void transpose(Vec (&square)[kLanes]) {
  if constexpr (distance > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i)
      if ((i & distance) == 0)
        tradeQuarters<distance>(square[i], square[i + distance], std::make_integer_sequence<int, kLanes>());
    transpose<distance / 2>(square);
  }
}

// Combines all lanes by halves, always in the same order: results do not depend on the thread count.
template <int distance = kLanes / 2, typename Combine>
inline float horizontal(Vec v, const Combine& combine) {
  if constexpr (distance == 0) {
    return v[0];
  } else {
    const Vec halved = combine(v, crossed<distance>(v, std::make_integer_sequence<int, kLanes>()));
    return horizontal<distance / 2>(halved, combine);
  }
}

inline float horizontalMax(Vec v) {
  return horizontal(v, [](Vec a, Vec b) { return max(a, b); });
}
inline float horizontalSum(Vec v) {
  return horizontal(v, [](Vec a, Vec b) { return a + b; });
}

// 2^x for x ≤ 0 to 1e-7, exact at 0; below −126 it stays at 2^−126, which no sum beside a 1 can see. NaN stays NaN.
inline Vec exp2NonPositive(Vec x) {
  const Vec clamped = x < splat(-126.0f) ? splat(-126.0f) : x;
  // Adding 1.5·2²³ + 127 rounds to an integer n; the low bits then hold n + 127, the exponent of 2^n.
  const Vec shifted = clamped + splat(12583039.0f);
  const Vec f = clamped - (shifted - splat(12583039.0f));
  IntVec bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits <<= 23;
  Vec power;
  std::memcpy(&power, &bits, sizeof power);
  // Minimax in relative error on [−½, ½] with the constant term held at 1.
  Vec p = splat(0.0013264728f);
  p = p * f + splat(0.009671513f);
  p = p * f + splat(0.055507336f);
  p = p * f + splat(0.24022242f);
  p = p * f + splat(0.693147f);
  p = p * f + splat(1.0f);
  return p * power;
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
