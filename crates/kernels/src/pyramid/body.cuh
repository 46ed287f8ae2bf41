// Means of 2x2 blocks.
#pragma once

#include "device/language.cuh"

INKCAST_BODY float value_of(float value) { return value; }

// A picture's value is its luma in 0..1.
INKCAST_BODY float value_of(Pixel pixel) { return (float)pixel.of[3] * (1.0f / 255.0f); }

// The mean of block `(x, y)`; a last odd row or column counts twice.
template <typename T> INKCAST_BODY float halved(int x, int y, Plane<const T> plane) {
    const int left = 2 * x, upper = 2 * y;
    const int right = least(left + 1, plane.width - 1), lower = least(upper + 1, plane.height - 1);
    return 0.25f * (value_of(plane.at(left, upper)) + value_of(plane.at(right, upper)) +
                    value_of(plane.at(left, lower)) + value_of(plane.at(right, lower)));
}
