// Objects as signed distance fields: tracing, soft shadows, ambient occlusion.
#pragma once
#include "sky.cuh"

namespace {

FN float boxDistance(float x, float y, float z, float hx, float hy, float hz, float r) {
  const float qx = fabsf(x) - hx + r, qy = fabsf(y) - hy + r, qz = fabsf(z) - hz + r;
  const float ox = fmaxf(qx, 0), oy = fmaxf(qy, 0), oz = fmaxf(qz, 0);
  return sqrtf(ox * ox + oy * oy + oz * oz) + fminf(fmaxf(qx, fmaxf(qy, qz)), 0) - r;
}

FN V toLocal(const float* o, V p) {
  const V q = p - v(o[oX], o[oY], o[oZ]);
  const float c = o[oCosYaw], s = o[oSinYaw];
  return v(q.x * c - q.z * s, q.y, q.x * s + q.z * c);
}

FN float objectDistance(const float* o, V p) {
  const V q = toLocal(o, p);
  const float r = o[oRadius];
  const int shape = static_cast<int>(o[oShape]);
  if (shape == kSphere) return length(q) - r;
  if (shape == kCube) return boxDistance(q.x, q.y, q.z, r * 0.82f, r * 0.82f, r * 0.82f, r * 0.07f);
  const float radial = sqrtf(q.x * q.x + q.z * q.z);
  if (shape == kCylinder) {
    const float a = radial - r * 0.70f + r * 0.06f, b = fabsf(q.y) - r * 0.95f + r * 0.06f;
    const float oa = fmaxf(a, 0), ob = fmaxf(b, 0);
    return sqrtf(oa * oa + ob * ob) + fminf(fmaxf(a, b), 0) - r * 0.06f;
  }
  if (shape == kCone) {
    // Apex at +r, base radius 0.85 r at −r; the larger of the two planes bounds the distance from below.
    const float side = (radial * 2.0f + (q.y - r) * 0.85f) * 0.46019f;
    return fmaxf(side, -q.y - r);
  }
  if (shape == kRing) {
    const float ring = sqrtf(q.x * q.x + q.y * q.y) - r * 0.68f;
    return sqrtf(ring * ring + q.z * q.z) - r * 0.29f;
  }
  return (fabsf(q.x) * 1.28f + fabsf(q.y) + fabsf(q.z) * 1.28f - r) * 0.4835f;
}

// Objects whose bounding sphere the ray meets, as bits.
FN int candidates(const float* s, V origin, V d) {
  int mask = 0;
  for (int i = 0; i < 3; ++i) {
    const float* o = s + kObjects + i * kPerObject;
    if (o[oPresent] < 0.5f) continue;
    const V c = v(o[oX], o[oY], o[oZ]) - origin;
    const float along = dot(c, d);
    const float bound = o[oRadius] * 1.45f;
    if (dot(c, c) - along * along < bound * bound && along > -bound) mask |= 1 << i;
  }
  return mask;
}

FN float mapDistance(const float* s, V p, int mask, int* which) {
  float best = 1e9f;
  for (int i = 0; i < 3; ++i) {
    if (!(mask >> i & 1)) continue;
    const float d = objectDistance(s + kObjects + i * kPerObject, p);
    if (d < best) { best = d; *which = i; }
  }
  return best;
}

FN bool trace(const float* s, V origin, V d, float far, int steps, float* t, int* which) {
  const int mask = candidates(s, origin, d);
  if (mask == 0) return false;
  float at = 0.01f;
  for (int i = 0; i < steps && at < far; ++i) {
    const float distance = mapDistance(s, origin + d * at, mask, which);
    if (distance < 0.0006f * (1 + at)) { *t = at; return true; }
    at += distance;
  }
  return false;
}

FN float softShadow(const float* s, V p, V light) {
  const int mask = candidates(s, p, light);
  if (mask == 0) return 1;
  float lit = 1, at = 0.03f;
  int which;
  for (int i = 0; i < 40 && at < 7.0f; ++i) {
    const float h = mapDistance(s, p + light * at, mask, &which);
    lit = fminf(lit, 0.5f + 0.5f * h * 11.0f / at);
    if (lit < 0.0f) return 0;
    at += clamp(h, 0.02f, 0.30f);
  }
  lit = fmaxf(lit, 0);
  return lit * lit * (3 - 2 * lit);
}

// Objects near enough to darken a point.
FN int neighbours(const float* s, V p) {
  int mask = 0;
  for (int i = 0; i < 3; ++i) {
    const float* o = s + kObjects + i * kPerObject;
    const V c = v(o[oX], o[oY], o[oZ]) - p;
    const float reach = o[oRadius] * 1.45f + 0.72f;
    if (o[oPresent] > 0.5f && dot(c, c) < reach * reach) mask |= 1 << i;
  }
  return mask;
}

FN float occlusion(const float* s, V p, V n) {
  float dark = 0, weight = 1;
  int which;
  const int mask = neighbours(s, p);
  if (mask == 0 && n.y > 0.7f) return 1;
  for (int i = 1; i <= 4; ++i) {
    const float h = 0.09f * i;
    const V at = p + n * h;
    dark += (h - fminf(mapDistance(s, at, mask, &which), fmaxf(at.y, 0.0f) + (n.y > 0.7f ? 1e9f : 0.0f))) * weight;
    weight *= 0.72f;
  }
  return clamp(1 - 1.5f * dark, 0.15f, 1);
}

FN V normalOf(const float* o, V p) {
  const float e = 0.0015f;
  const float d = objectDistance(o, p);
  return normalize(v(objectDistance(o, p + v(e, 0, 0)) - d, objectDistance(o, p + v(0, e, 0)) - d, objectDistance(o, p + v(0, 0, e)) - d));
}

}  // namespace
