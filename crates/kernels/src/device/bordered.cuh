// A plane of luma inside a border that repeats its edge: `bordered.rs`.
#pragma once

#include "device/language.cuh"

// Pixels of border on every side.
static constexpr int BORDER = 16;

template <typename T> struct Bordered {
    // From the first value of the border on.
    T *data;
    int width, height, stride;

    // Pixel `(x, y)`, up to BORDER outside.
    INKCAST_MEMBER T *from(int x, int y) const { return data + (size_t)(y + BORDER) * stride + (x + BORDER); }

    INKCAST_MEMBER T &at(int x, int y) const { return *from(x, y); }
};

// The pixel that place `i` of a row or column of the data repeats, counted from the end of the border.
INKCAST_BODY int inside(int i, int length) { return clamped(i - BORDER, 0, length - 1); }

// The mean of 2x2 pixels; the border makes an odd size even.
INKCAST_BODY float halved_pixel(Bordered<const float> finer, int x, int y) {
    const float *upper = finer.from(2 * x, 2 * y), *lower = upper + finer.stride;
    return 0.25f * ((upper[0] + upper[1]) + (lower[0] + lower[1]));
}

INKCAST_BODY float exposed_pixel(float value, float gain, float offset) {
    return clamped(gain * value + offset, 0.0f, 1.0f);
}
