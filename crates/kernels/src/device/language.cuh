// What the bodies of kernels are written in: C++17 without its library, for nvcc and for a host compiler. Arithmetic on
// floats is never contracted (-fmad=false, -ffp-contract=off), so a body gives the bits of the Rust variants.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define INKCAST_BODY __host__ __device__ static inline
#define INKCAST_MEMBER __host__ __device__ inline
// Lets the device load a whole pixel at once. The host's planes are only as aligned as a Rust vector of the type is.
#define INKCAST_ALIGNED(bytes) alignas(bytes)
#else
#define INKCAST_BODY static inline
#define INKCAST_MEMBER inline
#define INKCAST_ALIGNED(bytes)
#endif

// One grey level of 255 in layers, and full colour or full ink: LAYER_STEP and LAYER_ONE of inkcast_frame.
static constexpr int LAYER_STEP = 128;
static constexpr int LAYER_ONE = 255 * LAYER_STEP;

// Red, green, blue and ink of a pixel of layers.
struct INKCAST_ALIGNED(8) Layer {
    int16_t of[4];
};

// Red, green, blue and luma of a pixel of a picture.
struct INKCAST_ALIGNED(4) Pixel {
    uint8_t of[4];
};

// The way from a pixel to where it was.
struct INKCAST_ALIGNED(8) Flow {
    float dx, dy;
};

template <typename T> INKCAST_BODY T least(T a, T b) { return b < a ? b : a; }

template <typename T> INKCAST_BODY T most(T a, T b) { return a < b ? b : a; }

template <typename T> INKCAST_BODY T clamped(T value, T low, T high) {
    return value < low ? low : (high < value ? high : value);
}

INKCAST_BODY uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// A plane of numbers, rows one after another without padding, as inkcast_frame::Plane.
template <typename T> struct Plane {
    T *data;
    int width, height;

    INKCAST_MEMBER T &at(int x, int y) const { return data[(size_t)y * width + x]; }

    // Coordinates outside are moved to the nearest edge.
    INKCAST_MEMBER T &at_clamped(int x, int y) const { return at(clamped(x, 0, width - 1), clamped(y, 0, height - 1)); }
};
