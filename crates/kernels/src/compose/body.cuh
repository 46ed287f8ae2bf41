// Settles a pixel of the new layers with what was carried to it.
#pragma once

#include "device/language.cuh"

// The constants of `mod.rs`.
static constexpr int RADIUS = 2;
static constexpr float MARGIN = 6.0f * LAYER_STEP;
static constexpr float TRUSTED_MARGIN = 46.0f * LAYER_STEP;
static constexpr int CERTAIN = 250;
static constexpr float DOUBT = 0.35f;
static constexpr float OLDEST = 15.0f;
static constexpr float HOLDABLE = 1.5f;
static constexpr int HOLD_COLOUR = 32 * LAYER_STEP;
static constexpr int HOLD_INK = 128 * LAYER_STEP;
static constexpr float AGE_STEP = 16.0f;
static constexpr float WEIGHT_ONE = 32768.0f;

// What steadiness allows: the age that counts at most, and the weight of holding.
struct Limits {
    float oldest, hold;
};

// Least and greatest values of a neighbourhood.
struct Range {
    Layer low, high;
};

// What a pixel adds to the sums of a frame.
struct Counted {
    uint32_t weight, change, trusted;
};

struct Settled {
    Layer layers;
    uint8_t age;
    Counted counted;
};

INKCAST_BODY void widen(Range &range, const Range &other) {
    for (int c = 0; c < 4; c++) {
        range.low.of[c] = least(range.low.of[c], other.low.of[c]);
        range.high.of[c] = most(range.high.of[c], other.high.of[c]);
    }
}

// The nearest whole number of a small positive value: adding so much that no fraction bits are left makes the sum round.
INKCAST_BODY int whole(float value) { return (int)(bits_of(value + (float)(1 << 23)) & 0x7fffff); }

INKCAST_BODY Settled settled_pixel(Layer fresh, const Range &around, Layer carried, int confidence_code, int age_code,
                                   Limits limits) {
    const float confidence = (float)confidence_code * (1.0f / 255.0f);
    const float trust = confidence / (confidence + DOUBT * (1.0f - confidence));
    const float age = (float)age_code * (1.0f / AGE_STEP);
    const float counted = age < limits.oldest ? age : limits.oldest;
    const float mean = trust * counted / (counted + 1.0f);
    const float held = trust * limits.hold;
    const float hold = age >= HOLDABLE && held > mean ? held - mean : 0.0f;
    const int mean_weight = whole(mean * WEIGHT_ONE);
    // Without weight nothing is held either.
    const int hold_weight = mean_weight > 0 ? whole(hold * WEIGHT_ONE) : 0;
    const int margin = whole(MARGIN + trust * trust * (TRUSTED_MARGIN - MARGIN));
    const float grown = age * trust + 1.0f;

    Settled out;
    out.age = (uint8_t)whole((grown < OLDEST ? grown : OLDEST) * AGE_STEP);
    for (int c = 0; c < 4; c++) {
        const int low = most(around.low.of[c] - margin, -32768), high = least(around.high.of[c] + margin, 32767);
        const int kept = least(most((int)carried.of[c], low), high);
        const int change = kept - fresh.of[c];
        // How near they are, in 1 / WEIGHT_ONE: one where they are equal.
        const int span = c == 3 ? HOLD_INK : HOLD_COLOUR;
        const int nearness = most(span - (change < 0 ? -change : change), 0) * ((1 << 15) / span);
        const int weight = mean_weight + ((hold_weight * nearness) >> 15);
        out.layers.of[c] = (int16_t)clamped(fresh.of[c] + ((change * weight + (1 << 14)) >> 15), 0, LAYER_ONE);
    }
    int change = 0;
    for (int c = 0; c < 3; c++) {
        const int difference = carried.of[c] - out.layers.of[c];
        change += difference < 0 ? -difference : difference;
    }
    const bool certain = confidence_code >= CERTAIN;
    out.counted = Counted{(uint32_t)mean_weight, certain && mean_weight > 0 ? (uint32_t)change : 0, certain};
    return out;
}
