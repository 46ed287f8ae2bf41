// Patches and what is found for them: the types of `search/mod.rs`, and reading between pixels.
#pragma once

#include "device/bordered.cuh"

static constexpr int PATCH = 8;
static constexpr int STEP = 4;

struct INKCAST_ALIGNED(16) Match {
    Flow flow;
    float error, contrast;
};

// Flow of the whole picture: `(tx + a x - b y, ty + b x + a y)`.
struct Similarity {
    float a, b, tx, ty;

    INKCAST_MEMBER Flow at(float x, float y) const { return Flow{tx + a * x - b * y, ty + b * x + a * y}; }
};

// A place between pixels: the upper left one of four, and how far it is from there.
struct Spot {
    int left, top;
    float tx, ty;
};

// Places further outside than the border reaches look like those at its end.
INKCAST_BODY Spot spot_at(const Bordered<const float> &plane, float x, float y) {
    const float reach = (float)(BORDER - PATCH - 2);
    // Written so that what is not a number becomes the least.
    x = x > -reach - (float)PATCH ? x : -reach - (float)PATCH;
    y = y > -reach - (float)PATCH ? y : -reach - (float)PATCH;
    x = least(x, (float)plane.width + reach);
    y = least(y, (float)plane.height + reach);
    // Towards zero, but of a number above zero.
    const int left = (int)(x + (float)BORDER) - BORDER, top = (int)(y + (float)BORDER) - BORDER;
    return Spot{left, top, x - (float)left, y - (float)top};
}
