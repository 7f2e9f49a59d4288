// The part of cuBLASLt's C interface that we call, declared here: the library is found at run time, so that nothing needs
// its headers to build or its binary to load. Names and values are those of NVIDIA's cuBLASLt reference (12.9 to 13).
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace arrowhead::cuda::lt {

using Handle = void*;
using Desc = void*;
using Layout = void*;
using Preference = void*;

enum Status : int { kSuccess = 0, kNotSupported = 15 };
enum ComputeType : int { kCompute32f = 68 };
enum DataType : int { kReal32f = 0, kReal16f = 2, kReal16bf = 14, kRealE4m3 = 28 };
enum DescAttribute : int {
  kTransA = 3,
  kEpilogue = 7,
  kBiasPointer = 8,
  kScaleA = 17,
  kScaleB = 18,
  kFastAccumulation = 25,
  kBiasType = 26,
  kScaleModeA = 31,
  kScaleModeB = 32,
};
enum Epilogue : int { kPlain = 1, kBias = 4, kGelu = 32, kGeluBias = 36 };
enum ScaleMode : int { kScalePerOuterVector = 3 };
enum PreferenceAttribute : int {
  kMaxWorkspaceBytes = 1,
  kAlignmentA = 5,
  kAlignmentB = 6,
  kAlignmentC = 7,
  kAlignmentD = 8,
};
inline constexpr int32_t kTransposed = 1;

struct Algo {
  uint64_t data[8];
};

struct Heuristic {
  Algo algo;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

struct Library {
  Status (*create)(Handle*);
  Status (*destroy)(Handle);
  size_t (*version)();
  Status (*descCreate)(Desc*, ComputeType, DataType scale);
  Status (*descDestroy)(Desc);
  Status (*descSet)(Desc, DescAttribute, const void*, size_t);
  Status (*layoutCreate)(Layout*, DataType, uint64_t rows, uint64_t columns, int64_t stride);
  Status (*layoutDestroy)(Layout);
  Status (*preferenceCreate)(Preference*);
  Status (*preferenceDestroy)(Preference);
  Status (*preferenceSet)(Preference, PreferenceAttribute, const void*, size_t);
  Status (*heuristics)(Handle, Desc, Layout a, Layout b, Layout c, Layout d, Preference, int wanted, Heuristic*, int* found);
  Status (*matmul)(Handle, Desc, const void* alpha, const void* a, Layout, const void* b, Layout, const void* beta,
                   const void* c, Layout, void* d, Layout, const Algo*, void* workspace, size_t workspaceBytes,
                   cudaStream_t);

  // Throws std::runtime_error with the loader's own words.
  static Library load(const std::string& file);
};

}  // namespace arrowhead::cuda::lt
