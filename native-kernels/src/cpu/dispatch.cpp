#include "kernels.h"

namespace arrowhead {

#ifdef ARROWHEAD_X86
namespace avx512 { const KernelTable& table(); }
namespace avx2 { const KernelTable& table(); }
#endif
namespace portable { const KernelTable& table(); }

std::vector<const KernelTable*> availableKernels() {
  std::vector<const KernelTable*> tables;
#ifdef ARROWHEAD_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma"))
    tables.push_back(&avx512::table());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&avx2::table());
#endif
  tables.push_back(&portable::table());
  return tables;
}

const KernelTable& kernels() {
  static const KernelTable& best = *availableKernels().front();
  return best;
}

}  // namespace arrowhead
