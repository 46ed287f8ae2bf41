// Numbers of 16 bits, in pairs of 32 bits with the first in the low half, as tensor cores take them.
#pragma once

#include "device/language.cuh"

// The largest finite f16. Activations end there, so that none becomes infinite and what is computed from it no number.
static constexpr float LARGEST_HALF = 65504.0f;

// COUNT neighbouring channels of a pixel.
template <int COUNT> struct INKCAST_ALIGNED(2 * COUNT) Vector {
    uint32_t pair[COUNT / 2];
};

// Four sums of a thread: columns 2 (lane % 4) and the next, of row lane / 4 and of the row eight below.
struct Sum {
    float value[4];
};

#ifndef __CUDA_ARCH__
// To the nearest, halves to even.
static inline uint32_t half_bits(float value) {
    const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return sign | 0x7e00u;
    }
    if (magnitude >= 0x477ff000u) {
        return sign | 0x7c00u;
    }
    const int exponent = int(magnitude >> 23) - 112;
    // Below the smallest normal number the significand loses its leading zeros.
    const int lost = exponent > 0 ? 13 : least(14 - exponent, 31);
    const uint32_t significand = exponent > 0 ? magnitude - (112u << 23) : (magnitude & 0x7fffffu) | 0x800000u;
    const uint32_t kept = significand >> lost, rest = significand & ((1u << lost) - 1), middle = 1u << (lost - 1);
    return sign | (kept + (rest > middle || (rest == middle && (kept & 1u)) ? 1u : 0u));
}

static inline float half_value(uint32_t half) {
    const uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u, significand = half & 0x3ffu;
    float value;
    if (exponent == 0) {
        value = float(significand) * (1.0f / float(1 << 24));
        return sign ? -value : value;
    }
    const uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | significand << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}
#endif

INKCAST_BODY uint32_t pair_of(float low, float high) {
#ifdef __CUDA_ARCH__
    uint32_t pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#else
    return half_bits(low) | half_bits(high) << 16;
#endif
}

INKCAST_BODY void floats_of(uint32_t pair, float &low, float &high) {
#ifdef __CUDA_ARCH__
    asm("{ .reg .b16 a, b; mov.b32 {a, b}, %2; cvt.f32.f16 %0, a; cvt.f32.f16 %1, b; }"
        : "=f"(low), "=f"(high)
        : "r"(pair));
#else
    low = half_value(pair & 0xffffu);
    high = half_value(pair >> 16);
#endif
}
