#pragma once
#include <napi.h>

namespace arrowhead::binding {

Napi::Value headwiseAttention(const Napi::CallbackInfo& info);
Napi::Value measureAttention(const Napi::CallbackInfo& info);
Napi::Value attentionMap(const Napi::CallbackInfo& info);
Napi::Value headwiseRse(const Napi::CallbackInfo& info);
Napi::Value keptKeyRanges(const Napi::CallbackInfo& info);
Napi::Value layerNormModulate(const Napi::CallbackInfo& info);
Napi::Value rmsNorm(const Napi::CallbackInfo& info);
Napi::Value qkNormRope(const Napi::CallbackInfo& info);
Napi::Value gatedResidual(const Napi::CallbackInfo& info);
Napi::Value activation(const Napi::CallbackInfo& info);
Napi::Value convertToFloat32(const Napi::CallbackInfo& info);
Napi::Value fmaBurst(const Napi::CallbackInfo& info);

}  // namespace arrowhead::binding
