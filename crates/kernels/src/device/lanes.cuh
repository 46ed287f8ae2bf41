// Eight floats side by side, as `lanes.rs`: in one place on a host, in eight neighbouring threads on the device. Both round
// alike and add up in the same order, so both give the bits of the Rust variants.
#pragma once

#include "device/language.cuh"

struct Eight {
    float of[8];
};

INKCAST_BODY Eight operator+(Eight a, Eight b) {
    for (int i = 0; i < 8; i++) a.of[i] += b.of[i];
    return a;
}

INKCAST_BODY Eight operator-(Eight a, Eight b) {
    for (int i = 0; i < 8; i++) a.of[i] -= b.of[i];
    return a;
}

INKCAST_BODY Eight operator*(Eight a, Eight b) {
    for (int i = 0; i < 8; i++) a.of[i] *= b.of[i];
    return a;
}

INKCAST_BODY Eight operator*(float a, Eight b) {
    for (int i = 0; i < 8; i++) b.of[i] *= a;
    return b;
}

// All eight in one place.
struct OneThread {
    using V = Eight;

    // Which of the threads that share a value this is.
    INKCAST_MEMBER bool is_first() const { return true; }

    INKCAST_MEMBER Eight zero() const { return Eight{{0, 0, 0, 0, 0, 0, 0, 0}}; }

    INKCAST_MEMBER Eight load(const float *from) const {
        Eight out;
        for (int i = 0; i < 8; i++) out.of[i] = from[i];
        return out;
    }

    // The sum in the order of halving: lanes four apart, then two, then one.
    INKCAST_MEMBER float total(Eight a) const {
        const float *v = a.of;
        return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
    }
};

#ifdef __CUDACC__
// One in each of eight threads of a warp, all of which run the same way.
struct EightThreads {
    using V = float;

    int lane;
    unsigned group;

    __device__ EightThreads() : lane(threadIdx.x & 7), group(0xffu << (threadIdx.x & 24)) {}

    __device__ bool is_first() const { return lane == 0; }

    __device__ float zero() const { return 0.0f; }

    __device__ float load(const float *from) const { return from[lane]; }

    // A sum of two is the same in either order, so every thread has the bits of the first.
    __device__ float total(float v) const {
        v += __shfl_xor_sync(group, v, 4);
        v += __shfl_xor_sync(group, v, 2);
        v += __shfl_xor_sync(group, v, 1);
        return v;
    }
};
#endif
