// Matrix products for sm_90a whose epilogue does what would otherwise be a pass over memory of its own: QK-norm and
// rotary embedding of a fused projection, or GELU. Parts with weights of their own (text and image) share one launch, and
// of a projection only the heads that somebody reads are computed.
//
// Persistent blocks take tiles of 128 rows × 256 columns. One thread loads (TMA); two warpgroups compute 64 rows each.
#pragma once
#include "hopper_product_consumer.cuh"
#include "hopper_product_producer.cuh"

namespace arrowhead::cuda {

template <class T, class Out, Epilogue epilogue, int dim>
__global__ void __launch_bounds__(kProductThreads, 1) hopperProduct(const __grid_constant__ ProductArguments args) {
  extern __shared__ uint8_t memory[];
  auto& shared = *reinterpret_cast<ProductShared*>((reinterpret_cast<uintptr_t>(memory) + 1023) & ~uintptr_t{1023});
  if (threadIdx.x == 0) {
    for (int part = 0; part < args.call.count; ++part) {
      if (!args.call.parts[part].hasWork()) continue;
      prefetchTensorMap(args.x[part]);
      if (args.call.split < args.call.inner) prefetchTensorMap(args.rest[part]);
      prefetchTensorMap(args.weight[part]);
    }
    for (int i = 0; i < kProductStages; ++i) {
      mbarrierInit(&shared.full[i], 1);
      mbarrierInit(&shared.empty[i], kProductConsumers);
    }
    for (int i = 0; i < 2; ++i) {
      mbarrierInit(&shared.inputsFull[i], 1);
      mbarrierInit(&shared.inputsEmpty[i], kProductWarps);
    }
    mbarrierInitFence();
  }
  __syncthreads();
  if (threadIdx.x < kWarpgroup) {
    shrinkRegisters<kProducerRegisters>();
    if (threadIdx.x == 0) produceTiles<T, kUnitColumns<epilogue, dim>>(shared, args);
  } else {
    growRegisters<kConsumerRegisters>();
    ProductConsumer<T, Out, epilogue, dim>(shared, args).run();
  }
}

}  // namespace arrowhead::cuda
