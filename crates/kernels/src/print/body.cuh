// Puts a pixel of layers on paper: colour flat or through screens of dots, then ink, then the source beside it.
#pragma once

#include "device/language.cuh"

// How colour is printed: kinds of `Print`.
static constexpr int FLAT = 0;
static constexpr int PROCESS = 1;
static constexpr int TONE = 2;

// What of the source is shown: kinds of `Beside`.
static constexpr int NO_SOURCE = 0;
static constexpr int SPLIT = 1;
static constexpr int SIDE_BY_SIDE = 2;

// The constants of `mod.rs`: light through cyan, magenta and yellow, and tones at which dots begin.
static constexpr float LEAST_COVERAGE = 0.07f;
static constexpr float DARKEST_PAPER = 0.76f;
static constexpr float LIGHTEST_DOTS = 0.84f;
static constexpr float TO_UNIT = 1.0f / (float)LAYER_ONE;
static constexpr float FROM_UNIT = (float)LAYER_ONE;

struct Press {
    int kind;
    float paper[3];
    // Steepness of the threshold between dots and paper.
    float contrast;
};

// What may change from frame to frame.
struct PageHow {
    // Weight of ink.
    float ink;
    // Weight of the print against the source, in steps of layers.
    int strength;
    // Neither of the two changes anything.
    int as_drawn;
    int beside;
    // Width of the line between source and print in pixels.
    int divider;
};

// Cosine and sine of a column's or a row's part of a screen's two angles.
struct INKCAST_ALIGNED(16) Turn {
    float cos_u, sin_u, cos_v, sin_v;
};

INKCAST_BODY float light_of(int ink, int colour) {
    constexpr float INKS[3][3] = {{0.15f, 0.72f, 0.95f}, {0.93f, 0.25f, 0.60f}, {1.0f, 0.90f, 0.25f}};
    return INKS[ink][colour];
}

INKCAST_BODY float between_0_and_1(float value) {
    const float positive = value > 0.0f ? value : 0.0f;
    return positive < 1.0f ? positive : 1.0f;
}

// The nearest whole number of a value in -2^21..2^21: adding so much that no fraction bits are left makes the sum round,
// and its low bits are the number.
INKCAST_BODY int16_t rounded(float value) { return (int16_t)bits_of(value + 1.5f * (float)(1 << 23)); }

// `value * factor / LAYER_ONE`, rounded: 32640 is 2^15 (1 - 2^-8), so its inverse is 2^-15 (1 + 2^-8 + 2^-16 ...).
INKCAST_BODY int16_t times(int value, int factor) {
    const int product = value * factor;
    const int quotient = product + (product >> 8) + (product >> 16);
    return (int16_t)((quotient + (1 << 14)) >> 15);
}

// How much of a pixel dots cover that shall cover the share `wanted` of the area around it.
INKCAST_BODY float covered(float wanted, Turn column, Turn row, float contrast) {
    const float u = column.cos_u * row.cos_u - column.sin_u * row.sin_u;
    const float v = column.cos_v * row.cos_v - column.sin_v * row.sin_v;
    const float threshold = 0.5f + 0.25f * (u + v);
    const float edge = (wanted - threshold) * contrast + 0.5f;
    const float least_ink = wanted * 20.0f;
    return between_0_and_1(edge) * (least_ink < 1.0f ? least_ink : 1.0f);
}

// Tables of a press: a row of `columns` and a column of `rows` for each screen.
struct Screens {
    Plane<const Turn> columns, rows;
};

INKCAST_BODY Layer process(int x, int y, Layer layers, const Press &press, const Screens &screens) {
    float ink[3];
    for (int i = 0; i < 3; i++) {
        float wanted = 1.0f - (float)layers.of[i] * TO_UNIT;
        wanted = wanted * between_0_and_1((wanted - LEAST_COVERAGE) * (1.0f / LEAST_COVERAGE));
        ink[i] = covered(wanted, screens.columns.at(x, i), screens.rows.at(i, y), press.contrast);
    }
    Layer out = {{0, 0, 0, 0}};
    for (int c = 0; c < 3; c++) {
        float light = press.paper[c] * FROM_UNIT;
        for (int i = 0; i < 3; i++) {
            light *= 1.0f - ink[i] * (1.0f - light_of(i, c));
        }
        out.of[c] = rounded(light);
    }
    return out;
}

INKCAST_BODY Layer tone(int x, int y, Layer layers, const Press &press, const Screens &screens) {
    const float tone =
        ((float)layers.of[0] + (float)layers.of[1] + (float)layers.of[2]) * (TO_UNIT / 3.0f);
    const float dots = between_0_and_1((LIGHTEST_DOTS - tone) * (1.0f / (LIGHTEST_DOTS - DARKEST_PAPER)));
    const float black = covered(1.0f - tone, screens.columns.at(x, 0), screens.rows.at(0, y), press.contrast);
    const float light = (1.0f - dots * black) * FROM_UNIT;
    Layer out = {{0, 0, 0, 0}};
    for (int c = 0; c < 3; c++) {
        out.of[c] = rounded(press.paper[c] * light);
    }
    return out;
}

INKCAST_BODY Layer source_pixel(Pixel source) {
    Layer out;
    for (int c = 0; c < 4; c++) {
        out.of[c] = (int16_t)(source.of[c] * LAYER_STEP);
    }
    return out;
}

// A pixel of the print: `Printed`.
INKCAST_BODY Layer printed_pixel(int x, int y, const Press &press, const Screens &screens, const PageHow &how,
                                 Plane<const Pixel> source, Plane<const Layer> layers) {
    const Layer here = layers.at(x, y);
    Layer out = here;
    if (press.kind == PROCESS) {
        out = process(x, y, here, press, screens);
    } else if (press.kind == TONE) {
        out = tone(x, y, here, press, screens);
    }
    if (how.as_drawn) {
        for (int c = 0; c < 3; c++) {
            out.of[c] = times(out.of[c], LAYER_ONE - here.of[3]);
        }
        return out;
    }
    const float weighted = (float)here.of[3] * how.ink;
    const int light = LAYER_ONE - rounded(weighted < FROM_UNIT ? weighted : FROM_UNIT);
    const Pixel under = source.at(x, y);
    for (int c = 0; c < 3; c++) {
        const int16_t from = (int16_t)(under.of[c] * LAYER_STEP);
        const int16_t change = (int16_t)(times(out.of[c], light) - from);
        out.of[c] = (int16_t)(from + times(change, how.strength));
    }
    return out;
}

// The finished page, which is twice as wide as the picture where both are shown side by side.
struct Page {
    Press press;
    Screens screens;
    PageHow how;
    Plane<const Pixel> source;
    Plane<const Layer> layers;

    INKCAST_MEMBER Layer at(int x, int y) const {
        const int width = source.width, middle = width / 2;
        if (how.beside == SPLIT && x < middle) {
            return source_pixel(source.at(x, y));
        }
        if (how.beside == SPLIT && x < middle + how.divider) {
            return Layer{{LAYER_ONE, LAYER_ONE, LAYER_ONE, LAYER_ONE}};
        }
        if (how.beside == SIDE_BY_SIDE && x < width) {
            return source_pixel(source.at(x, y));
        }
        // A page of any other width than that of its kind repeats the last column.
        const int from = least(how.beside == SIDE_BY_SIDE ? x - width : x, width - 1);
        return printed_pixel(from, y, press, screens, how, source, layers);
    }
};

// Angles for a step to the right and a step down: `DotScreen`.
struct Steps {
    float right[2], down[2];
};

// Sine and cosine, as `angle.rs` has them: double precision, no library.
INKCAST_BODY void sin_cos(float angle_of_f32, float *sin_out, float *cos_out) {
    const double quarter_turn = 1.57079632679489661923132169163975144;
    const double angle = (double)angle_of_f32;
    const double quarter = floor(angle * (1.0 / quarter_turn) + 0.5);
    const double x = angle - quarter * quarter_turn;
    const double square = x * x;
    double sin = 1.0, cos = 1.0;
    for (int n = 12; n >= 2; n -= 2) {
        sin = 1.0 - sin * square / ((double)n * ((double)n + 1.0));
    }
    for (int n = 13; n >= 1; n -= 2) {
        cos = 1.0 - cos * square / ((double)n * ((double)n + 1.0));
    }
    const float s = (float)(sin * x), c = (float)cos;
    switch ((int)quarter & 3) {
    case 0: *sin_out = s, *cos_out = c; break;
    case 1: *sin_out = c, *cos_out = -s; break;
    case 2: *sin_out = -s, *cos_out = -c; break;
    default: *sin_out = -c, *cos_out = s; break;
    }
}

// `step * index` reduced to one turn in double precision.
INKCAST_BODY float turned(float step, double index) {
    return (float)fmod((double)step * index, 6.28318530717958647692528676655900577);
}

// A screen's part along row `y`, moved by `shift` pixels to the right and down.
INKCAST_BODY Turn row_turn(int y, Steps steps, const double shift[2]) {
    float sin[2], cos[2];
    for (int axis = 0; axis < 2; axis++) {
        const float down = turned(steps.down[axis], (double)y - shift[1]);
        sin_cos(down + turned(steps.right[axis], -shift[0]), &sin[axis], &cos[axis]);
    }
    return Turn{cos[0], sin[0], cos[1], sin[1]};
}

// How far dots are moved after the camera did: they go the other way.
INKCAST_BODY double followed(double shift, float camera, double block) { return shift - block * (double)camera; }
