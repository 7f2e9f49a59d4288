// Reads and checks what JavaScript passes. index.ts validates with better words; here nothing may read out of bounds,
// whoever calls.
#pragma once
#include <napi.h>

#include <cmath>
#include <string>

#include "../cpu/kernels.h"

namespace arrowhead::binding {

[[noreturn]] inline void refuse(Napi::Env env, const std::string& name, const std::string& problem) {
  throw Napi::TypeError::New(env, name + ": " + problem);
}

inline int64_t integer(const Napi::Object& args, const char* name, int64_t least, int64_t most) {
  const Napi::Value value = args.Get(name);
  if (!value.IsNumber()) refuse(args.Env(), name, "expected a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) || number != std::floor(number))
    refuse(args.Env(), name, "expected an integer in range");
  return static_cast<int64_t>(number);
}

inline float real(const Napi::Object& args, const char* name) {
  const Napi::Value value = args.Get(name);
  if (!value.IsNumber()) refuse(args.Env(), name, "expected a number");
  return value.As<Napi::Number>().FloatValue();
}

inline bool isPresent(const Napi::Object& args, const char* name) {
  const Napi::Value value = args.Get(name);
  return !value.IsNull() && !value.IsUndefined();
}

inline int64_t product(Napi::Env env, const char* name, std::initializer_list<int64_t> factors) {
  int64_t result = 1;
  for (const int64_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result)) refuse(env, name, "sizes overflow");
  return result;
}

template <typename T>
inline constexpr napi_typedarray_type kArrayType = napi_float32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<int32_t> = napi_int32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<uint8_t> = napi_uint8_array;

// The elements of a typed array of T with at least `count` of them after `offset`.
template <typename T>
T* elements(const Napi::Object& args, const char* name, int64_t count, int64_t offset = 0) {
  const Napi::Value value = args.Get(name);
  if (!value.IsTypedArray()) refuse(args.Env(), name, "expected a typed array");
  Napi::TypedArray array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != kArrayType<T>) refuse(args.Env(), name, "expected another element type");
  // A resizable buffer can shrink under a running kernel. Detached ones have length 0.
  if (array.Get("buffer").As<Napi::Object>().Get("resizable").ToBoolean().Value())
    refuse(args.Env(), name, "expected an array of fixed size");
  const auto length = static_cast<int64_t>(array.ElementLength());
  if (count > length - offset)
    refuse(args.Env(), name,
           "needs " + std::to_string(count) + " elements from " + std::to_string(offset) + ", has " + std::to_string(length));
  return value.As<Napi::TypedArrayOf<T>>().Data() + offset;
}

// An optional argument: null where it is absent.
template <typename T>
T* optionalElements(const Napi::Object& args, const char* name, int64_t count) {
  return isPresent(args, name) ? elements<T>(args, name, count) : nullptr;
}

}  // namespace arrowhead::binding
