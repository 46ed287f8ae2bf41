// Moves a pixel of the previous frame's layers to where the new frame has it.
#pragma once

#include "device/language.cuh"

// Places between two pixels that are told apart, and the parameter of cubic convolution: `cubic.rs`.
static constexpr int FRACTIONS = 256;
static constexpr int FRACTION_BITS = 8;
static constexpr float SHARPNESS = -0.65f;

struct Moved {
    Layer layers;
    uint8_t confidence, age;
};

// Where nothing can be carried.
INKCAST_BODY Moved nothing() { return Moved{Layer{{0, 0, 0, 0}}, 0, 0}; }

// Motion at a pixel: the way to the previous frame in pixels, and trust in it, 255 = full.
struct Step {
    float dx, dy;
    uint8_t confidence;
};

// Cubic convolution (Keys 1981) up to one pixel away.
INKCAST_BODY float near_weight(float x) { return ((SHARPNESS + 2.0f) * x - (SHARPNESS + 3.0f)) * x * x + 1.0f; }

// Between one and two pixels away.
INKCAST_BODY float far_weight(float x) {
    return ((SHARPNESS * x - 5.0f * SHARPNESS) * x + 8.0f * SHARPNESS) * x - 4.0f * SHARPNESS;
}

// The weights of the pixel before a place, of the one at or before it and of the two behind.
INKCAST_BODY void weights_at(int place, float weights[4]) {
    const int fraction = place & (FRACTIONS - 1);
    if (fraction == 0) {
        weights[0] = weights[2] = weights[3] = 0.0f;
        weights[1] = 1.0f;
        return;
    }
    const float t = (float)fraction / (float)FRACTIONS;
    weights[0] = far_weight(1.0f + t);
    weights[1] = near_weight(t);
    weights[2] = near_weight(1.0f - t);
    weights[3] = far_weight(2.0f - t);
}

INKCAST_BODY float between(float a, float b, float t) { return a + t * (b - a); }

// Flow and confidence, on blocks of `1 << shift` pixels, read at a pixel by linear interpolation between their centres.
INKCAST_BODY Step step_at(int x, int y, Plane<const Flow> flow, Plane<const float> confidence, int shift) {
    const float size = (float)(1u << shift);
    const float row_position = clamped(((float)y + 0.5f) / size - 0.5f, 0.0f, (float)flow.height - 1.0f);
    const int upper = (int)row_position;
    const int lower = least(upper + 1, flow.height - 1);
    const float down = row_position - floorf(row_position);

    const int offset = x & ((1 << shift) - 1);
    const float position = ((float)offset + 0.5f) / size - 0.5f;
    const bool before = position < 0.0f;
    const float across = before ? position + 1.0f : position;
    const int block = x >> shift;
    const int left = clamped(before ? block - 1 : block, 0, flow.width - 1);
    const int right = clamped(before ? block : block + 1, 0, flow.width - 1);

    const Flow a = flow.at(left, upper), b = flow.at(left, lower), c = flow.at(right, upper), d = flow.at(right, lower);
    Step step;
    step.dx = size * between(between(a.dx, b.dx, down), between(c.dx, d.dx, down), across);
    step.dy = size * between(between(a.dy, b.dy, down), between(c.dy, d.dy, down), across);
    const float trust = 1.0f * between(between(confidence.at(left, upper), confidence.at(left, lower), down),
                                       between(confidence.at(right, upper), confidence.at(right, lower), down), across);
    // Adding so much that no fraction bits are left rounds, and the low bits are the number.
    step.confidence = (uint8_t)bits_of(trust * 255.0f + 1.5f * (float)(1 << 23));
    return step;
}

// A position in 1 / FRACTIONS of a pixel. Those far outside any picture, and such that are not numbers, give some place.
INKCAST_BODY int place_at(float position) {
    const float far = 1000000.0f;
    position = position > -far ? position : -far;
    position = position < far ? position : far;
    return (int)floorf(position * (float)FRACTIONS + 0.5f);
}

// The layers at a place: columns are summed first, then rows in the order in which a register is folded in half and in
// half again. Missing pixels repeat the edge.
INKCAST_BODY Layer layers_at(Plane<const Layer> layers, int place_x, int place_y) {
    float across[4], down[4];
    weights_at(place_x, across);
    weights_at(place_y, down);
    const int left = (place_x >> FRACTION_BITS) - 1, top = (place_y >> FRACTION_BITS) - 1;
    float columns[4][4];
    for (int i = 0; i < 4; i++) {
        const Layer rows[4] = {layers.at_clamped(left + i, top), layers.at_clamped(left + i, top + 1),
                               layers.at_clamped(left + i, top + 2), layers.at_clamped(left + i, top + 3)};
        for (int c = 0; c < 4; c++) {
            const float first = (float)rows[0].of[c] * down[0] + (float)rows[1].of[c] * down[1];
            const float second = (float)rows[2].of[c] * down[2] + (float)rows[3].of[c] * down[3];
            columns[i][c] = (first + second) * across[i];
        }
    }
    Layer out;
    for (int c = 0; c < 4; c++) {
        const float sum = (columns[0][c] + columns[2][c]) + (columns[1][c] + columns[3][c]);
        out.of[c] = (int16_t)clamped((int)rintf(sum), 0, LAYER_ONE);
    }
    return out;
}

INKCAST_BODY Moved moved_pixel(int x, int y, Plane<const Layer> layers, Plane<const uint8_t> age,
                               Plane<const Flow> flow, Plane<const float> confidence, int shift) {
    const Step step = step_at(x, y, flow, confidence, shift);
    if (step.dx == 0.0f && step.dy == 0.0f) {
        return Moved{layers.at(x, y), step.confidence, age.at(x, y)};
    }
    const float from_x = (float)x + step.dx, from_y = (float)y + step.dy;
    // Written so that a flow that is not a number counts as outside.
    const bool inside = from_x >= -0.5f && from_y >= -0.5f && from_x <= (float)layers.width - 0.5f &&
                        from_y <= (float)layers.height - 0.5f;
    if (!inside) {
        return nothing();
    }
    const int place_x = place_at(from_x), place_y = place_at(from_y);
    const int half = FRACTIONS / 2;
    const uint8_t followed = age.at_clamped((place_x + half) >> FRACTION_BITS, (place_y + half) >> FRACTION_BITS);
    return Moved{layers_at(layers, place_x, place_y), step.confidence, followed};
}
