// Renders procedural scenes: signed distance fields of up to three objects on a ground under a sky, with soft shadows,
// ambient occlusion, reflections and haze. One thread a pixel. Compiles with nvcc for training and with a plain C++
// compiler for previews (scene.py writes the parameters, render.py calls `render_scenes`).
#include "objects.cuh"

namespace {

FN V groundColour(const float* s, V p, float* gloss) {
  const int ground = static_cast<int>(s[kGround]);
  const float seed = s[kSeed] * 17.0f;
  const float x = p.x + seed, z = p.z;
  *gloss = 0;
  if (ground == kGrass) {
    const float blades = noise(x * 26.0f, z * 11.0f) * 0.6f + noise(x * 55.0f, z * 20.0f) * 0.4f;
    return mix(v(0.07f, 0.20f, 0.03f), v(0.28f, 0.46f, 0.09f), blades * 0.75f + fbm(x * 0.9f, z * 0.9f) * 0.35f);
  }
  if (ground == kSand) {
    const float ripple = sinf((z * 9.0f + fbm(x * 1.3f, z * 1.3f) * 9.0f)) * 0.5f + 0.5f;
    return mix(v(0.62f, 0.47f, 0.28f), v(0.86f, 0.71f, 0.47f), ripple * 0.55f + noise(x * 40.0f, z * 40.0f) * 0.3f);
  }
  if (ground == kSnow) {
    *gloss = 0.03f;
    return mix(v(0.66f, 0.74f, 0.86f), v(0.93f, 0.95f, 0.98f), fbm(x * 1.1f, z * 1.1f) * 1.1f);
  }
  if (ground == kWood) {
    *gloss = 0.06f;
    const float plank = floorf(x * 1.9f);
    const float shift = hash(plank, 3.0f) * 7.0f;
    const float grain = fbm(x * 16.0f, z * 1.3f + shift);
    const V wood = mix(v(0.26f, 0.13f, 0.06f), v(0.58f, 0.35f, 0.17f), grain * 0.8f + hash(plank, floorf(z * 0.35f + shift)) * 0.35f);
    const float edge = fminf(fract(x * 1.9f), 1 - fract(x * 1.9f));
    const float end = fminf(fract(z * 0.35f + shift), 1 - fract(z * 0.35f + shift)) * 5.0f;
    return wood * (0.35f + 0.65f * smooth(0.0f, 0.035f, fminf(edge, end)));
  }
  if (ground == kTiles) {
    *gloss = 0.16f;
    const bool odd = (static_cast<int>(floorf(x * 1.25f)) + static_cast<int>(floorf(z * 1.25f))) & 1;
    const float ex = fabsf(fract(x * 1.25f) - 0.5f), ez = fabsf(fract(z * 1.25f) - 0.5f);
    const float grout = smooth(0.5f, 0.475f, fmaxf(ex, ez));
    const float marble = fbm(x * 3.0f + fbm(x * 2.0f, z * 2.0f) * 2.0f, z * 3.0f);
    return (odd ? mix(v(0.10f, 0.12f, 0.15f), v(0.20f, 0.22f, 0.26f), marble) : mix(v(0.60f, 0.60f, 0.58f), v(0.84f, 0.83f, 0.80f), marble)) * (0.55f + 0.45f * grout);
  }
  *gloss = 0.55f;
  return mix(v(0.015f, 0.10f, 0.16f), v(0.03f, 0.20f, 0.25f), noise(x * 0.7f, z * 0.7f));
}

FN V groundNormal(const float* s, V p, float distance) {
  const int ground = static_cast<int>(s[kGround]);
  const float fade = 1.0f / (1.0f + distance * distance * 0.02f);
  if (ground == kWater) {
    const float x = p.x + s[kSeed] * 5.0f, z = p.z;
    const float a = (noise(x * 3.1f, z * 6.3f) - 0.5f) * 0.075f + sinf(z * 6.0f + noise(x, z) * 5.0f) * 0.012f;
    const float b = (noise(x * 2.7f + 31.0f, z * 5.9f + 17.0f) - 0.5f) * 0.075f;
    return normalize(v(a * fade, 1, b * fade));
  }
  if (ground == kSand || ground == kSnow) return normalize(v((noise(p.x * 5.0f, p.z * 5.0f) - 0.5f) * 0.14f * fade, 1, (noise(p.x * 5.0f + 9.0f, p.z * 5.0f) - 0.5f) * 0.14f * fade));
  return v(0, 1, 0);
}

FN V paint(const float* o, V p) {
  const V base = v(o[oR], o[oG], o[oB]);
  const int pattern = static_cast<int>(o[oPattern]);
  if (pattern == kPlain) return base;
  const V q = toLocal(o, p) * (1.0f / o[oRadius]);
  const bool pale = o[oR] > 0.7f && o[oG] > 0.7f && o[oB] > 0.7f;
  const V second = pale ? v(0.36f, 0.38f, 0.42f) : mix(base * 0.45f, v(0.93f, 0.92f, 0.88f), 0.86f);
  float t = 0;
  if (pattern == kStriped) t = smooth(-0.12f, 0.12f, sinf(q.y * 11.0f) - 0.25f);
  else if (pattern == kChecked) t = (static_cast<int>(floorf(q.x * 2.6f + 20.5f)) + static_cast<int>(floorf(q.y * 2.6f + 20.5f)) + static_cast<int>(floorf(q.z * 2.6f + 20.5f))) & 1 ? 0.85f : 0.0f;
  else {
    const float a = fract(atan2f(q.x, q.z) * 1.5915f) - 0.5f, b = fract(q.y * 2.6f + 0.5f) - 0.5f;
    t = smooth(0.33f, 0.25f, sqrtf(a * a * 0.8f + b * b));
  }
  return mix(base, second, t);
}

// Light that leaves an object towards the viewer. Reflections see the sky alone.
FN V shadeObject(const float* s, const Light& l, const float* o, V p, V d) {
  const V n = normalOf(o, p);
  const V colour = paint(o, p);
  const int material = static_cast<int>(o[oMaterial]);
  float unused;
  const V below = groundColour(s, p, &unused);
  const float shadow = softShadow(s, p + n * 0.01f, l.direction);
  const float dark = occlusion(s, p, n);
  const float facing = fmaxf(dot(n, l.direction), 0.0f);
  const V skyLight = mix(mix(l.horizon, v(0.6f, 0.6f, 0.6f), 0.35f), l.zenith, 0.35f) * (l.ambient * (0.6f + 0.4f * n.y));
  const V bounce = below * l.sun * (0.20f * (0.5f - 0.5f * n.y));
  V out = colour * (l.sun * (facing * shadow * 0.92f) + (skyLight + bounce) * dark);
  const V r = reflect(d, n);
  const float fresnel = powf(clamp(1 + dot(d, n), 0, 1), 5.0f);
  const V half = normalize(l.direction - d);
  const float spec = fmaxf(dot(n, half), 0.0f);
  V seen = r.y > 0 ? sky(s, l, r) : mix(below * 0.5f, l.horizon * 0.35f, 0.5f);
  if (material == kShiny) out = out * 0.92f + seen * ((0.05f + 0.55f * fresnel) * dark) + l.sun * (powf(spec, 90.0f) * 0.9f * shadow);
  else if (material == kMetal) out = out * 0.42f + seen * mix(colour, v(1, 1, 1), 0.15f + fresnel * 0.6f) * (0.75f * dark) + l.sun * mix(colour, v(1, 1, 1), 0.5f) * (powf(spec, 45.0f) * 0.9f * shadow);
  else out = out + seen * (fresnel * 0.05f);
  return out;
}

FN V shadeRay(const float* s, const Light& l, V origin, V d) {
  float t = 1e9f;
  int which = 0;
  const float tGround = d.y < -1e-4f ? -origin.y / d.y : 1e9f;
  if (trace(s, origin, d, fminf(tGround, 30.0f), 72, &t, &which)) return shadeObject(s, l, s + kObjects + which * kPerObject, origin + d * t, d);
  if (tGround > 1e8f) return sky(s, l, d);
  const V p = origin + d * tGround;
  const V n = groundNormal(s, p, tGround);
  float gloss;
  const V colour = groundColour(s, p, &gloss);
  const float shadow = softShadow(s, p + v(0, 0.005f, 0), l.direction);
  const V skyLight = mix(l.horizon, l.zenith, 0.5f) * (l.ambient * 0.85f);
  V out = colour * (l.sun * (fmaxf(dot(n, l.direction), 0.0f) * shadow) + skyLight * occlusion(s, p, v(0, 1, 0)));
  if (gloss > 0.01f) {
    V r = reflect(d, n);
    r.y = fmaxf(r.y, 0.02f);
    r = normalize(r);
    const float fresnel = gloss * mix(0.25f, 1.0f, powf(clamp(1 + dot(d, n), 0, 1), 3.0f));
    float tr;
    int hit;
    const V seen = trace(s, p + v(0, 0.01f, 0), r, 12.0f, 40, &tr, &hit) ? shadeObject(s, l, s + kObjects + hit * kPerObject, p + r * tr, r) : sky(s, l, r);
    out = mix(out, seen, fresnel);
    const V half = normalize(l.direction - d);
    out = out + l.sun * (powf(fmaxf(dot(n, half), 0.0f), 160.0f) * gloss * 1.4f * shadow);
  }
  return mix(out, mix(l.horizon, mix(l.horizon, l.zenith, 0.55f) * 0.6f, 0.35f), 1 - expf(-fmaxf(tGround - 6.0f, 0.0f) * 0.05f));
}

FN float tone(float x) {
  x = fmaxf(x, 0.0f) * 0.80f;
  const float y = x * (2.35f * x + 0.05f) / (x * (2.25f * x + 0.62f) + 0.13f);
  return powf(clamp(y, 0, 1), 1.0f / 2.2f);
}

constexpr int kSamplesPerSide = 2;

FN V eye(const float* s) { return v(0, s[kCamHeight], -s[kCamDistance]); }

// Direction of the ray through a point of the picture, in pixels from the top left.
FN V rayThrough(const float* s, int width, int height, float x, float y) {
  const float focal = 1.0f / (0.47f * (width < height ? width : height) * 2.0f);
  const float dx = (x - width * 0.5f) * focal, dy = (height * 0.5f - y) * focal;
  const float cp = cosf(s[kCamPitch]), sp = sinf(s[kCamPitch]), cy = cosf(s[kCamYaw]), sy = sinf(s[kCamYaw]);
  const float ry = dy * cp - sp, rz = dy * sp + cp;
  return normalize(v(dx * cy + rz * sy, ry, rz * cy - dx * sy));
}

// What the middle of a cell shows: 0 sky, 1 ground, 2 + i for object i.
FN uint8_t subjectAt(const float* s, int width, int height, float x, float y) {
  const V d = rayThrough(s, width, height, x, y);
  float t = 0;
  int which = 0;
  const float tGround = d.y < -1e-4f ? -eye(s).y / d.y : 1e9f;
  if (trace(s, eye(s), d, fminf(tGround, 30.0f), 72, &t, &which)) return static_cast<uint8_t>(2 + which);
  return tGround > 1e8f ? 0 : 1;
}

FN void renderPixel(const float* s, int width, int height, int px, int py, uint8_t* out, int64_t plane) {
  const Light l = lightOf(s);
  V sum = v(0, 0, 0);
  for (int i = 0; i < kSamplesPerSide * kSamplesPerSide; ++i) {
    const V d = rayThrough(s, width, height, px + (i % kSamplesPerSide + 0.5f) / kSamplesPerSide,
                           py + (i / kSamplesPerSide + 0.5f) / kSamplesPerSide);
    const V c = shadeRay(s, l, eye(s), d);
    sum = sum + v(tone(c.x), tone(c.y), tone(c.z));
  }
  const float scale = 255.0f / (kSamplesPerSide * kSamplesPerSide);
  out[0] = static_cast<uint8_t>(sum.x * scale + 0.5f);
  out[plane] = static_cast<uint8_t>(sum.y * scale + 0.5f);
  out[2 * plane] = static_cast<uint8_t>(sum.z * scale + 0.5f);
}

#ifdef __CUDACC__
__global__ void __launch_bounds__(128) renderKernel(const float* scenes, int width, int height, uint8_t* out) {
  const int px = blockIdx.x * 16 + threadIdx.x % 16, py = blockIdx.y * 8 + threadIdx.x / 16;
  __shared__ float s[kScene];
  if (threadIdx.x < kScene) s[threadIdx.x] = scenes[static_cast<int64_t>(blockIdx.z) * kScene + threadIdx.x];
  __syncthreads();
  if (px >= width || py >= height) return;
  const int64_t plane = static_cast<int64_t>(width) * height;
  renderPixel(s, width, height, px, py, out + blockIdx.z * 3 * plane + static_cast<int64_t>(py) * width + px, plane);
}

__global__ void subjectKernel(const float* scenes, int width, int height, int cell, uint8_t* out) {
  const int columns = width / cell, cells = columns * (height / cell);
  for (int i = threadIdx.x; i < cells; i += blockDim.x)
    out[static_cast<int64_t>(blockIdx.x) * cells + i] = subjectAt(
        scenes + static_cast<int64_t>(blockIdx.x) * kScene, width, height, (i % columns + 0.5f) * cell, (i / columns + 0.5f) * cell);
}
#endif

}  // namespace

// scenes [count, 48] float32 → out [count, 3, height, width] uint8; device pointers under CUDA. Returns an error code.
extern "C" int render_scenes(const float* scenes, int count, int width, int height, uint8_t* out, void* stream) {
#ifdef __CUDACC__
  renderKernel<<<dim3((width + 15) / 16, (height + 7) / 8, count), 128, 0, static_cast<cudaStream_t>(stream)>>>(scenes, width, height, out);
  return static_cast<int>(cudaGetLastError());
#else
  (void)stream;
  const int64_t plane = static_cast<int64_t>(width) * height;
  for (int n = 0; n < count; ++n)
    for (int py = 0; py < height; ++py)
      for (int px = 0; px < width; ++px)
        renderPixel(scenes + n * kScene, width, height, px, py, out + n * 3 * plane + static_cast<int64_t>(py) * width + px, plane);
  return 0;
#endif
}

// What each cell × cell square shows in its middle: out [count, height / cell, width / cell] uint8, see subjectAt.
extern "C" int map_subjects(const float* scenes, int count, int width, int height, int cell, uint8_t* out, void* stream) {
#ifdef __CUDACC__
  subjectKernel<<<count, 128, 0, static_cast<cudaStream_t>(stream)>>>(scenes, width, height, cell, out);
  return static_cast<int>(cudaGetLastError());
#else
  (void)stream;
  const int columns = width / cell, cells = columns * (height / cell);
  for (int n = 0; n < count; ++n)
    for (int i = 0; i < cells; ++i)
      out[n * cells + i] = subjectAt(scenes + n * kScene, width, height, (i % columns + 0.5f) * cell, (i / columns + 0.5f) * cell);
  return 0;
#endif
}
