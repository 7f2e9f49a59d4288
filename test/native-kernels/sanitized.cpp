// The kernels under the address and undefined-behaviour sanitisers: random shapes on every instruction set that this
// processor has, against a brute-force mask and float64. Inputs lie in heap blocks of exactly their size, so that reading
// or writing one element too far ends the test.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cpu/kernels.h"

using namespace arrowhead;

namespace {

constexpr float kPoison = 1e30f;
std::mt19937_64 random_engine(20260101);
const char* current = "";

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "FAILED (%s): %s\n", current, what.c_str());
  std::exit(1);
}
void check(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

int64_t between(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random_engine); }

using Floats = std::unique_ptr<float[]>;
Floats normal(int64_t count, float spread = 1.0f) {
  Floats values(new float[static_cast<size_t>(count)]);
  std::normal_distribution<float> distribution(0, spread);
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = distribution(random_engine);
  return values;
}

// DESIGN §3 in its own words: a block is kept if any of its pairs has text on either side or lies within the window.
bool isKept(const TokenLayout& layout, int64_t window, BlockSize block, int64_t query, int64_t key) {
  const auto isText = [&](int64_t t) { return t >= layout.textBegin() && t < layout.textEnd(); };
  const int64_t rowBegin = query / block.rows * block.rows;
  const int64_t keyBegin = key / block.keys * block.keys;
  for (int64_t i = rowBegin; i < rowBegin + block.rows; ++i) {
    for (int64_t j = keyBegin; j < keyBegin + block.keys; ++j)
      if (isText(i) || isText(j) || std::llabs(i - j) <= window) return true;
  }
  return false;
}

struct Case {
  AttentionShape shape;
  int64_t stride = 0;
  float scale = 0;
  Floats q, k, v;

  HeadsView view(const Floats& data) const { return {data.get(), stride, shape.tokens() * stride}; }
  int64_t width() const { return shape.heads * shape.dim; }
  int64_t outputs() const { return shape.batch * shape.tokens() * width(); }
};

Case randomCase() {
  Case c;
  c.shape.batch = between(1, 2);
  // At times more heads than are packed at once.
  c.shape.heads = between(0, 3) == 0 ? between(4, 9) : between(1, 3);
  c.shape.dim = 8 * (between(0, 4) == 0 ? between(1, 32) : between(1, 9));
  c.shape.layout = {between(0, 3) == 0 ? 0 : between(0, 40), between(0, 110), between(0, 1) == 1};
  if (c.shape.tokens() == 0) c.shape.layout.image = 1;
  c.shape.block = {between(1, 40), between(1, 40)};
  c.stride = c.width() + (between(0, 1) == 1 ? between(0, 9) : 0);
  c.scale = 1.0f / std::sqrt(static_cast<float>(c.shape.dim));
  const int64_t needed = (c.shape.batch * c.shape.tokens() - 1) * c.stride + c.width();
  c.q = normal(needed, 1.5f);
  c.k = normal(needed, 1.5f);
  c.v = normal(needed);
  return c;
}

// Output of one head in float64, [batch][tokens][dim]; window < 0: full attention.
std::vector<double> naiveHead(const Case& c, int64_t head, int64_t window) {
  const AttentionShape& s = c.shape;
  const int64_t tokens = s.tokens();
  std::vector<double> out(static_cast<size_t>(s.batch * tokens * s.dim), 0.0);
  std::vector<double> weight(static_cast<size_t>(tokens));
  for (int64_t b = 0; b < s.batch; ++b) {
    const auto at = [&](const Floats& x, int64_t token) { return x.get() + (b * tokens + token) * c.stride + head * s.dim; };
    for (int64_t i = 0; i < tokens; ++i) {
      double largest = -INFINITY;
      for (int64_t j = 0; j < tokens; ++j) {
        double score = 0;
        for (int64_t d = 0; d < s.dim; ++d) score += static_cast<double>(at(c.q, i)[d]) * at(c.k, j)[d];
        const bool kept = window < 0 || isKept(s.layout, window, s.block, i, j);
        weight[static_cast<size_t>(j)] = kept ? score * c.scale : -INFINITY;
        largest = std::max(largest, weight[static_cast<size_t>(j)]);
      }
      double sum = 0;
      for (double& w : weight) sum += w = std::exp(w - largest);
      for (int64_t j = 0; j < tokens; ++j)
        for (int64_t d = 0; d < s.dim; ++d)
          out[static_cast<size_t>((b * tokens + i) * s.dim + d)] += weight[static_cast<size_t>(j)] / sum * at(c.v, j)[d];
    }
  }
  return out;
}

float outputAt(const Case& c, const Floats& out, int64_t head, size_t n) {
  const auto row = static_cast<int64_t>(n) / c.shape.dim;
  return out[static_cast<size_t>((row * c.shape.heads + head) * c.shape.dim + static_cast<int64_t>(n) % c.shape.dim)];
}

void testHeadwiseAttention(const KernelTable& table, const Case& c) {
  std::vector<int32_t> windows, addendOf;
  std::vector<uint8_t> shares;
  for (int64_t h = 0; h < c.shape.heads; ++h) {
    windows.push_back(static_cast<int32_t>(between(-2, c.shape.tokens())));
    addendOf.push_back(static_cast<int32_t>(between(-1, 1)));
    shares.push_back(c.shape.batch % 2 == 0 && between(0, 1) == 1);
  }
  Floats out(new float[static_cast<size_t>(c.outputs())]);
  std::fill_n(out.get(), c.outputs(), kPoison);
  const Floats addends[2] = {normal(c.outputs()), normal(c.outputs())};
  HeadwiseAttentionArgs args = {};
  args.shape = c.shape;
  args.q = c.view(c.q), args.k = c.view(c.k), args.v = c.view(c.v);
  args.halfWindows = windows.data();
  args.sharesGuidance = shares.data();
  args.addends[0] = addends[0].get(), args.addends[1] = addends[1].get();
  args.addendOf = addendOf.data();
  args.subtract = between(0, 1) == 1;
  args.scale = c.scale;
  args.out = out.get();
  check(table.headwiseAttention(args), "headwiseAttention said that it was cancelled");
  for (int64_t h = 0; h < c.shape.heads; ++h) {
    const int64_t window = windows[static_cast<size_t>(h)];
    std::vector<double> expected = naiveHead(c, h, window);
    const int32_t addend = addendOf[static_cast<size_t>(h)];
    for (size_t n = 0; addend >= 0 && n < expected.size(); ++n)
      expected[n] = outputAt(c, addends[addend], h, n) + (args.subtract ? -expected[n] : expected[n]);
    const size_t half = expected.size() / 2;
    if (shares[static_cast<size_t>(h)])
      std::copy_n(expected.begin() + static_cast<std::ptrdiff_t>(half), half, expected.begin());
    double error = 0, size = 0;
    for (size_t n = 0; n < expected.size(); ++n) {
      const double actual = outputAt(c, out, h, n);
      if (window == kCachedHead) check(actual == kPoison, "a cached head was written to");
      error += (actual - expected[n]) * (actual - expected[n]);
      size += expected[n] * expected[n];
    }
    check(window == kCachedHead || std::sqrt(error / size) < 1e-5, "headwiseAttention is not the float64 reference");
  }
}

void testMeasureAttention(const KernelTable& table, const Case& c) {
  std::vector<int32_t> windows;
  for (int64_t n = between(0, 4); n > 0; --n) windows.push_back(static_cast<int32_t>(between(0, c.shape.tokens() + 3)));
  const Floats previous = normal(c.outputs()), residual = normal(c.outputs());
  MeasureAttentionArgs args = {};
  args.shape = c.shape;
  args.q = c.view(c.q), args.k = c.view(c.k), args.v = c.view(c.v);
  args.halfWindows = windows.data();
  args.candidates = static_cast<int64_t>(windows.size());
  args.scale = c.scale;
  args.residuals.assign(windows.size(), nullptr);
  if (!windows.empty()) args.residuals.back() = residual.get();
  args.references = {previous.get()};
  AttentionErrorSums sums;
  check(table.measureAttention(args, sums), "measureAttention said that it was cancelled");
  for (int64_t h = 0; h < c.shape.heads; ++h) {
    const auto head = static_cast<size_t>(h);
    const std::vector<double> full = naiveHead(c, h, kFullHead);
    double squares = 0, cached = 0;
    for (size_t n = 0; n < full.size(); ++n) {
      squares += full[n] * full[n];
      cached += std::pow(outputAt(c, previous, h, n) - full[n], 2);
    }
    check(std::abs(sums.sumOfSquares[head] / squares - 1) < 1e-5, "sum of squares");
    const auto errorOf = [&](size_t row) { return sums.squaredErrors[row * static_cast<size_t>(c.shape.heads) + head]; };
    check(std::abs(errorOf(2 * windows.size()) / cached - 1) < 1e-5, "error of the cached output");
    for (size_t m = 0; m < windows.size(); ++m) {
      const std::vector<double> arrow = naiveHead(c, h, windows[m]);
      double expected = 0, withResidual = 0;
      for (size_t n = 0; n < full.size(); ++n) {
        expected += (arrow[n] - full[n]) * (arrow[n] - full[n]);
        withResidual += std::pow(arrow[n] + outputAt(c, residual, h, n) - full[n], 2);
      }
      check(std::abs(errorOf(m) - expected) <= 1e-5 * expected + 1e-11 * squares, "error of an arrow");
      if (args.residuals[m] != nullptr)
        check(std::abs(errorOf(windows.size() + m) / withResidual - 1) < 1e-5, "error of an arrow with its residual");
    }
  }
}

void testAttentionMap(const KernelTable& table, const Case& c) {
  const int64_t tokens = c.shape.tokens();
  const int64_t cell = between(1, tokens + 1);
  const int64_t size = (tokens + cell - 1) / cell;
  const int32_t windows[2] = {static_cast<int32_t>(between(0, tokens)), static_cast<int32_t>(tokens)};
  Floats values(new float[static_cast<size_t>(size * size)]);
  std::fill_n(values.get(), size * size, kPoison);
  double kept[2] = {-1, -1};
  AttentionMapArgs args{c.shape, c.view(c.q), c.view(c.k), c.shape.batch - 1, c.shape.heads - 1, cell, windows, 2, c.scale,
                        values.get(), kept, {}};
  check(table.attentionMap(args), "attentionMap said that it was cancelled");
  for (int64_t row = 0; row < size; ++row) {
    double mass = 0;
    for (int64_t column = 0; column < size; ++column)
      mass += values[static_cast<size_t>(row * size + column)] * static_cast<double>(std::min((column + 1) * cell, tokens) - column * cell);
    check(std::abs(mass - 1) < 1e-5, "a row of the attention map does not sum to one");
  }
  check(std::abs(kept[1] - 1) < 1e-5 && kept[0] > 0 && kept[0] <= kept[1] + 1e-6, "mass kept by an arrow");
}

void testElementwise(const KernelTable& table) {
  const int64_t batch = between(1, 3), tokens = between(0, 40), channels = between(1, 70), rows = batch * tokens;
  const int64_t stride = channels + between(0, 5);
  const int64_t needed = rows == 0 ? 0 : (rows - 1) * stride + channels;
  const Floats x = normal(needed), shift = normal(batch * channels), scale = normal(batch * channels);
  Floats out(new float[static_cast<size_t>(rows * channels)]);
  const RowsView view{x.get(), stride};
  table.layerNormModulate({view, {shift.get(), channels}, {scale.get(), channels}, batch, tokens, channels, 1e-6f, out.get()});
  table.rmsNorm(view, shift.get(), rows, channels, 1e-6f, out.get());
  table.gatedResidual({out.get(), view, {scale.get(), channels}, batch, tokens, channels});
  table.activation(view, Activation::geluTanh, rows, channels, out.get(), channels);
  table.activation(view, Activation::silu, rows, channels, out.get(), channels);
  for (int64_t n = 0; n < rows * channels; ++n) {
    const double in = x[static_cast<size_t>(n / channels * stride + n % channels)];
    check(std::abs(out[static_cast<size_t>(n)] - in / (1 + std::exp(-in))) < 1e-5, "silu");
  }

  const int64_t heads = between(1, 3), dim = 2 * between(1, 20), width = heads * dim, joint = tokens + between(0, 5);
  const int64_t offset = between(0, joint - tokens);
  const Floats qkv = normal(batch * tokens * 3 * width), norm = normal(dim), turns = normal(tokens * dim);
  Floats q(new float[static_cast<size_t>(batch * joint * width)]), k(new float[static_cast<size_t>(batch * joint * width)]),
      v(new float[static_cast<size_t>(batch * joint * width)]);
  table.qkNormRope({{qkv.get(), 3 * width}, batch, tokens, heads, dim, norm.get(), norm.get(), 1e-6f, turns.get(), joint, offset,
                    q.get(), k.get(), v.get()});

  const int64_t count = between(0, 70000);
  std::unique_ptr<uint8_t[]> bytes(new uint8_t[static_cast<size_t>(count * 4 + 1)]);
  for (int64_t i = 0; i < count * 4 + 1; ++i) bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(i * 37);
  Floats converted(new float[static_cast<size_t>(count)]);
  for (const StoredDtype dtype : {StoredDtype::f32, StoredDtype::f16, StoredDtype::bf16})
    table.convertToFloat32(bytes.get() + 1, dtype, count, converted.get());

  if (tokens > 0) {
    const Floats y = normal(batch * tokens * width), full = normal(batch * tokens * width);
    std::vector<double> rse(static_cast<size_t>(heads));
    table.headwiseRse(y.get(), full.get(), batch, tokens, heads, dim, rse.data());
    for (const double value : rse) check(value > 0, "RSE of different outputs");
  }
}

void testThreadPool() {
  ThreadPool& pool = ThreadPool::shared();
  // Several callers while another resizes: every index once, every slot inside what was asked for and used by one at a time.
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&pool] {
      for (int round = 0; round < 60; ++round) {
        const int slots = pool.threads();
        std::vector<std::atomic<int>> seen(100), busy(static_cast<size_t>(slots));
        pool.run(100, slots, CancelFlag(), [&](int64_t index, int slot) {
          check(slot >= 0 && slot < slots, "a slot that no scratch was made for");
          check(busy[static_cast<size_t>(slot)].fetch_add(1) == 0, "two bodies in one slot");
          seen[static_cast<size_t>(index)].fetch_add(1);
          busy[static_cast<size_t>(slot)].fetch_sub(1);
        });
        for (const auto& count : seen) check(count == 1, "an index did not run once");
      }
    });
  }
  for (int round = 0; round < 30; ++round) pool.setThreads(1 + round % 5);
  for (std::thread& caller : callers) caller.join();

  pool.setThreads(4);
  for (int round = 0; round < 20; ++round) {
    bool thrown = false;
    try {
      pool.run(50, 4, CancelFlag(), [](int64_t index, int) {
        if (index >= 10) throw std::bad_alloc();
      });
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    check(thrown, "what a body throws does not reach the caller");
  }
  int32_t flag = 0;
  std::atomic<int> ran{0};
  const bool done = pool.run(100000, 4, CancelFlag(&flag), [&](int64_t, int) {
    if (ran.fetch_add(1) == 20) __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
  });
  check(!done && ran < 100000, "a cancelled run went on");
}

}  // namespace

int main() {
  current = "thread pool";
  testThreadPool();
  int cases = 0;
  for (const KernelTable* table : availableKernels()) {
    current = table->name;
    for (int round = 0; round < 40; ++round, ++cases) {
      ThreadPool::shared().setThreads(1 + round % 4);
      const Case c = randomCase();
      testHeadwiseAttention(*table, c);
      testMeasureAttention(*table, c);
      testAttentionMap(*table, c);
      testElementwise(*table);
    }
    std::printf("%s: 40 random cases agree with float64\n", table->name);
  }
  std::printf("sanitised kernels: %d cases, thread pool, cancellation and exceptions: all well\n", cases);
}
