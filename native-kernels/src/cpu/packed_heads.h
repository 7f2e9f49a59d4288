// Keys and values in the order in which the micro-kernels read them, packed once per call for all row tiles.
#pragma once
#include <algorithm>
#include <atomic>
#include <vector>

#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace arrowhead::ARROWHEAD_ISA {

inline constexpr int64_t kPanelKeys = 2 * kLanes;
inline constexpr int64_t kFloatsPerLine = 16;

// One head. Keys in panels of kPanelKeys, [panel][dim][kPanelKeys], zero beyond the last; values [key][paddedDim].
struct PackedHead {
  const float* keys;
  const float* values;

  static int64_t paddedDim(int64_t dim) { return roundUp(dim, kLanes); }
  static int64_t keyFloats(int64_t tokens, int64_t dim) { return roundUp(tokens, kPanelKeys) * dim; }
  static int64_t valueFloats(int64_t tokens, int64_t dim) { return tokens * paddedDim(dim); }
};

// Asks for rows [begin, end) of one head ahead of their use: each lies on a page of its own, where no hardware
// prefetcher follows.
inline void prefetchRows(const HeadsView& x, int64_t batch, int64_t head, int64_t dim, int64_t begin, int64_t end) {
  const float* base = x.data + batch * x.batchStride + head * dim;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t d = 0; d < dim; d += kFloatsPerLine) __builtin_prefetch(base + row * x.tokenStride + d);
}

// Keys [panel, panel + kPanelKeys) of one head, transposed: out[d][key].
inline void packKeyPanel(const HeadsView& k, int64_t batch, int64_t head, int64_t tokens, int64_t dim, int64_t panel, float* out) {
  const float* base = k.data + batch * k.batchStride + head * dim;
  for (int64_t half = 0; half < kPanelKeys; half += kLanes) {
    for (int64_t d = 0; d < dim; d += kLanes) {
      Vec square[kLanes];
      for (int64_t j = 0; j < kLanes; ++j) {
        const int64_t key = panel + half + j;
        square[j] = key < tokens ? loadTail(base + key * k.tokenStride + d, dim - d) : Vec{};
      }
      transpose(square);
      for (int64_t i = 0; i < minOf(kLanes, dim - d); ++i) store(out + (d + i) * kPanelKeys + half, square[i]);
    }
  }
}

inline void packValue(const HeadsView& v, int64_t batch, int64_t head, int64_t dim, int64_t key, float* out) {
  const float* from = v.data + batch * v.batchStride + key * v.tokenStride + head * dim;
  for (int64_t d = 0; d < dim; d += kLanes) store(out + d, loadTail(from + d, dim - d));
}

// One head of one batch, and how many tiles of query rows want its keys and values.
struct HeadToVisit {
  int64_t batch;
  int64_t head;
  int64_t tiles;
};

// Runs body(unit, tile, packed, slot) for every tile of every head in `units`, each after its head was packed. Only a few
// heads are packed at a time: they stay in the caches, and memory does not grow with the number of heads. Packing and
// tiles are one list of tasks that start in order, and a task waits only for earlier ones: somebody can always go on.
// Bodies must not throw. False if cancelled.
template <typename Body>
bool forPackedHeads(const AttentionShape& shape, const HeadsView& k, const HeadsView& v,
                    const std::vector<HeadToVisit>& units, int threads, const CancelFlag& cancel, const Body& body) {
  struct Progress {
    std::atomic<int32_t> packed{0};
    std::atomic<int32_t> visited{0};
  };
  constexpr int64_t kKeysPerTask = 4 * kPanelKeys;
  const int64_t tokens = shape.tokens();
  const int64_t packTasks = (tokens + kKeysPerTask - 1) / kKeysPerTask;
  const auto count = static_cast<int64_t>(units.size());
  if (count == 0 || tokens == 0) return !cancel.requested();

  std::vector<int64_t> firstTask;
  int64_t tasks = 0;
  int64_t fewestTiles = units.front().tiles;
  for (const HeadToVisit& unit : units) {
    firstTask.push_back(tasks);
    tasks += packTasks + unit.tiles;
    fewestTiles = minOf(fewestTiles, unit.tiles);
  }
  // One head being visited, one ahead, one behind; more where the threads are many beside the tiles of a head.
  const int64_t places = minOf(count, 3 + 2 * threads / maxOf(fewestTiles, 1));
  const int64_t keyFloats = PackedHead::keyFloats(tokens, shape.dim);
  const int64_t valueFloats = PackedHead::valueFloats(tokens, shape.dim);
  const Scratch keys(places * keyFloats), values(places * valueFloats);
  std::vector<Progress> progress(units.size());

  const auto waitFor = [](const std::atomic<int32_t>& done, int64_t wanted) {
    for (int32_t seen = done.load(std::memory_order_acquire); seen != wanted; seen = done.load(std::memory_order_acquire))
      done.wait(seen, std::memory_order_acquire);
  };
  const auto finishOne = [](std::atomic<int32_t>& done) {
    done.fetch_add(1, std::memory_order_acq_rel);
    done.notify_all();
  };
  return ThreadPool::shared().run(tasks, threads, cancel, [&](int64_t task, int slot) {
    const int64_t unit = std::upper_bound(firstTask.begin(), firstTask.end(), task) - firstTask.begin() - 1;
    const HeadToVisit& visit = units[static_cast<size_t>(unit)];
    Progress& own = progress[static_cast<size_t>(unit)];
    const int64_t step = task - firstTask[static_cast<size_t>(unit)];
    float* const ownKeys = keys.data() + unit % places * keyFloats;
    float* const ownValues = values.data() + unit % places * valueFloats;
    if (step >= packTasks) {
      waitFor(own.packed, packTasks);
      body(unit, step - packTasks, PackedHead{ownKeys, ownValues}, slot);
      finishOne(own.visited);
      return;
    }
    if (unit >= places)
      waitFor(progress[static_cast<size_t>(unit - places)].visited, units[static_cast<size_t>(unit - places)].tiles);
    const int64_t begin = step * kKeysPerTask;
    const int64_t end = minOf(begin + kKeysPerTask, tokens);
    prefetchRows(k, visit.batch, visit.head, shape.dim, begin, minOf(begin + kPanelKeys, end));
    for (int64_t panel = begin; panel < end; panel += kPanelKeys) {
      const int64_t panelEnd = minOf(panel + kPanelKeys, end);
      // While one panel is transposed, its values and the next panel's keys are on their way.
      prefetchRows(k, visit.batch, visit.head, shape.dim, panelEnd, minOf(panelEnd + kPanelKeys, end));
      prefetchRows(v, visit.batch, visit.head, shape.dim, panel, panelEnd);
      packKeyPanel(k, visit.batch, visit.head, tokens, shape.dim, panel, ownKeys + panel * shape.dim);
      for (int64_t key = panel; key < panelEnd; ++key)
        packValue(v, visit.batch, visit.head, shape.dim, key, ownValues + key * PackedHead::paddedDim(shape.dim));
    }
    finishOne(own.packed);
  });
}

}  // namespace arrowhead::ARROWHEAD_ISA
