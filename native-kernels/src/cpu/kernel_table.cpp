// This instruction set's entry points, as one table.
#include "kernels.h"

namespace arrowhead::ARROWHEAD_ISA {

bool headwiseAttention(const HeadwiseAttentionArgs&);
bool measureAttention(const MeasureAttentionArgs&, AttentionErrorSums&);
bool attentionMap(const AttentionMapArgs&);
void layerNormModulate(const LayerNormModulateArgs&);
void rmsNorm(RowsView, const float*, int64_t, int64_t, float, float*);
void qkNormRope(const QkNormRopeArgs&);
void gatedResidual(const GatedResidualArgs&);
void activation(RowsView, Activation, int64_t, int64_t, float*, int64_t);
void convertToFloat32(const uint8_t*, StoredDtype, int64_t, float*);
void headwiseRse(const float*, const float*, int64_t, int64_t, int64_t, int64_t, double*);
double fmaBurst(int64_t);

#define ARROWHEAD_TEXT_OF(name) #name
#define ARROWHEAD_TEXT(name) ARROWHEAD_TEXT_OF(name)

const KernelTable& table() {
  static const KernelTable instance = {ARROWHEAD_TEXT(ARROWHEAD_ISA), headwiseAttention, measureAttention, attentionMap,
                                       layerNormModulate, rmsNorm, qkNormRope, gatedResidual, activation,
                                       convertToFloat32, headwiseRse, fmaBurst};
  return instance;
}

}  // namespace arrowhead::ARROWHEAD_ISA
