// What the processor's multiply-add units give at most: the yardstick of `npm run bench:cpu`.
#include "kernels.h"
#include "simd.h"

namespace arrowhead::ARROWHEAD_ISA {

// Runs `rounds` rounds of independent multiply-adds per thread on all threads; returns the operations done.
double fmaBurst(int64_t rounds) {
  // More chains than latency times throughput, fewer than registers: nothing waits and nothing spills.
  constexpr int kChains = 12;
  constexpr int64_t kSteps = 1000;
  ThreadPool& pool = ThreadPool::shared();
  const int threads = pool.threads();
  std::vector<float> kept(static_cast<size_t>(threads));
  pool.run(rounds * threads, threads, CancelFlag(), [&](int64_t, int slot) {
    Vec sum[kChains];
    for (int c = 0; c < kChains; ++c) sum[c] = splat(static_cast<float>(c));
    // Read through volatile, so that the compiler can not work the sums out.
    volatile float factor = 0.999f;
    const Vec a = splat(factor);
    for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
      for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * a + a;
    }
    Vec total = {};
    for (int c = 0; c < kChains; ++c) total += sum[c];
    kept[static_cast<size_t>(slot)] += horizontalSum(total);
  });
  return static_cast<double>(rounds) * threads * kSteps * kChains * kLanes * 2;
}

}  // namespace arrowhead::ARROWHEAD_ISA
