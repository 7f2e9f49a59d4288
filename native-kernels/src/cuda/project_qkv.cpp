#include "project_qkv.h"

namespace arrowhead::cuda {

namespace {

cudaError_t multiply(Matmul& matmul, const ProductCall& call, const ProductPart& part, cudaStream_t stream) {
  MatmulCall product = {};
  product.x = part.x;
  product.weight = part.weight;
  product.bias = part.bias;
  product.out = part.out;
  product.rows = part.rows;
  product.inner = call.inner;
  product.split = call.split;
  product.columns = call.columns;
  product.dtype = call.dtype;
  product.outDtype = call.outDtype;
  product.xScales = part.xScales;
  product.weightScales = part.weightScales;
  return matmul.run(product, stream);
}

cudaError_t normAndTurn(const ProductCall& call, const ProductPart& part, cudaStream_t stream) {
  if (!part.normQ && !part.normK && !part.rope) return cudaSuccess;
  const int32_t width = call.columns / 3;
  auto* const joint = static_cast<uint16_t*>(part.out.data);
  QkNormRopeCall norm = {};
  norm.q = {joint, part.out.rowStride, 0};
  norm.k = {joint + width, part.out.rowStride, 0};
  norm.batch = 1;
  norm.tokens = part.rows;
  norm.heads = width / call.dim;
  norm.dim = call.dim;
  norm.dtype = call.outDtype;
  norm.normQ = part.normQ;
  norm.normK = part.normK;
  norm.eps = call.eps;
  norm.rope = part.rope;
  return qkNormRope(norm, stream);
}

}  // namespace

ProductUnits headUnits(const uint8_t* needed, int32_t heads) {
  ProductUnits units = {};
  for (int32_t unit = 0; unit < 3 * heads; ++unit) {
    if (needed && !needed[unit % heads]) continue;
    if (units.count < kMaxProductUnits) units.first[units.count] = static_cast<uint16_t>(unit);
    ++units.count;
  }
  return units;
}

cudaError_t projectQkv(Matmul& matmul, const ProductCall& call, cudaStream_t stream) {
  if (hasFusedProduct(call)) return fusedProduct(call, stream);
  for (int n = 0; n < call.count; ++n) {
    const ProductPart& part = call.parts[n];
    if (!part.hasWork()) continue;
    if (const cudaError_t error = multiply(matmul, call, part, stream)) return error;
    if (const cudaError_t error = normAndTurn(call, part, stream)) return error;
  }
  return cudaSuccess;
}

}  // namespace arrowhead::cuda
