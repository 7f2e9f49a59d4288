// A scene's parameters, its light and its sky with sun or moon, stars, clouds and hills.
#pragma once
#include "vectors.cuh"

namespace {

// Layout of a scene's parameters; scene.py has the same.
enum : int { kCamHeight, kCamPitch, kCamYaw, kTime, kClouds, kGround, kSeed, kSunAzimuth, kCamDistance, kObjects = 9, kPerObject = 13, kScene = 48 };
enum : int { oShape, oX, oY, oZ, oRadius, oCosYaw, oSinYaw, oR, oG, oB, oMaterial, oPattern, oPresent };
enum : int { kSphere, kCube, kCylinder, kCone, kRing, kDiamond };
enum : int { kGrass, kSand, kSnow, kWood, kTiles, kWater };
enum : int { kDawn, kNoon, kDusk, kNight };
enum : int { kMatte, kShiny, kMetal };
enum : int { kPlain, kStriped, kDotted, kChecked };

struct Light { V direction, sun, zenith, horizon; float ambient; };

FN Light lightOf(const float* s) {
  Light l;
  const int time = static_cast<int>(s[kTime]);
  const float azimuth = s[kSunAzimuth];
  float elevation;
  if (time == kNoon) { elevation = 0.95f; l.sun = v(1.30f, 1.22f, 1.08f); l.zenith = v(0.10f, 0.27f, 0.68f); l.horizon = v(0.52f, 0.70f, 0.90f); l.ambient = 0.50f; }
  else if (time == kDawn) { elevation = 0.42f; l.sun = v(1.22f, 0.95f, 0.80f); l.zenith = v(0.22f, 0.36f, 0.70f); l.horizon = v(0.86f, 0.58f, 0.62f); l.ambient = 0.46f; }
  else if (time == kDusk) { elevation = 0.34f; l.sun = v(1.38f, 0.92f, 0.58f); l.zenith = v(0.11f, 0.10f, 0.32f); l.horizon = v(0.86f, 0.34f, 0.12f); l.ambient = 0.46f; }
  else { elevation = 0.75f; l.sun = v(0.52f, 0.60f, 0.80f); l.zenith = v(0.012f, 0.022f, 0.075f); l.horizon = v(0.06f, 0.10f, 0.22f); l.ambient = 1.5f; }
  l.direction = normalize(v(sinf(azimuth) * cosf(elevation), sinf(elevation), cosf(azimuth) * cosf(elevation)));
  return l;
}

FN V sky(const float* s, const Light& l, V d) {
  const int time = static_cast<int>(s[kTime]);
  const float up = fmaxf(d.y, 0.0f);
  V colour = mix(l.horizon, l.zenith, 1 - expf(-up * 4.2f));
  const float toSun = dot(d, l.direction);
  if (time == kNight) {
    const float a = atan2f(d.x, d.z) * 60.0f, b = d.y * 75.0f;
    const float star = hash(a + s[kSeed], b);
    const float fx = fract(a) - 0.5f, fy = fract(b) - 0.5f;
    if (star > 0.93f) colour = colour + v(0.9f, 0.95f, 1.0f) * (smooth(0.22f, 0.0f, sqrtf(fx * fx + fy * fy)) * (star - 0.93f) * 14.0f * smooth(0.02f, 0.15f, d.y));
    const float moonX = sinf(s[kSeed]) * 0.3f;
    const V moon = normalize(v(moonX, 0.22f, 1.0f));
    const float m = dot(d, moon);
    colour = colour + v(0.16f, 0.20f, 0.30f) * expf(-(1 - m) * 90.0f) + v(0.95f, 0.95f, 0.86f) * smooth(0.99845f, 0.99875f, m);
  } else {
    const V glow = l.sun * (time == kNoon ? 0.10f : 0.34f);
    colour = colour + glow * expf(-(1 - toSun) * 7.0f);
    if (time != kNoon) colour = colour + l.sun * (3.0f * smooth(0.9982f, 0.9988f, toSun));
    if (time == kDusk || time == kDawn) colour = colour + v(0.5f, 0.22f, 0.10f) * (expf(-up * 11.0f) * 0.5f);
  }
  if (s[kClouds] > 0.01f && d.y > 0.01f) {
    const float scale = 1.1f / (d.y + 0.12f);
    const float c = fbm(d.x * scale + s[kSeed] * 3.1f, d.z * scale + s[kSeed]);
    const float cover = smooth(0.62f - s[kClouds] * 0.26f, 0.80f, c) * smooth(0.01f, 0.12f, d.y);
    const V lit = time == kNight ? v(0.07f, 0.09f, 0.15f) : mix(l.horizon, l.sun * 0.72f, 0.55f);
    colour = mix(colour, lit, cover * 0.85f);
  }
  // Two ranges of hills, the far one paler.
  const float azimuth = atan2f(d.x, d.z) + s[kSeed];
  const float slope = d.y * rsqrt(fmaxf(1 - d.y * d.y, 1e-6f));
  const V hills = mix(l.horizon, l.zenith, 0.55f) * 0.75f;
  const float far = fbm(azimuth * 3.1f, 4.7f) * 0.20f - 0.045f;
  const float near = fbm(azimuth * 6.3f + 11.0f, 1.9f) * 0.15f - 0.055f;
  colour = mix(colour, mix(hills, l.horizon, 0.45f), smooth(0.0f, 0.004f, far - slope));
  return mix(colour, hills * 0.62f, smooth(0.0f, 0.004f, near - slope));
}

}  // namespace
