// The flow of a pixel from the matches of the patches that cover it: `scalar.rs`, whose order of sums this keeps.
#pragma once

#include "search/patch.cuh"

struct Densify {
    Bordered<const float> previous, current;
    Plane<const Match> matches;
    float noise;
};

struct Dense {
    Flow flow;
    float difference;
};

// The value of pixel `(i, j)` of the half of a patch whose upper left pixel is at `spot`.
INKCAST_BODY float sampled(const Bordered<const float> &plane, const Spot &spot, int i, int j) {
    const float *upper = plane.from(spot.left + i, spot.top + j), *lower = upper + plane.stride;
    if (spot.tx == 0.0f && spot.ty == 0.0f) {
        return upper[0];
    }
    const float above = upper[0] + spot.tx * (upper[1] - upper[0]);
    const float below = lower[0] + spot.tx * (lower[1] - lower[0]);
    return above + spot.ty * (below - above);
}

INKCAST_BODY Dense dense_pixel(const Densify &densify, int x, int y) {
    const float noise = densify.noise, here = densify.current.at(x, y);
    const int column = x / STEP, row = y / STEP;
    float weights = 0.0f, sum_x = 0.0f, sum_y = 0.0f, differences = 0.0f;
    // Patches of the row above cover the pixel with their lower half, those of this row with their upper one.
    for (int j = most(row - 1, 0); j <= least(row, densify.matches.height - 1); j++) {
        for (int i = most(column - 1, 0); i <= least(column, densify.matches.width - 1); i++) {
            const Match found = densify.matches.at(i, j);
            const float trust = noise * noise / (noise * noise + found.error);
            const Spot spot =
                spot_at(densify.previous, (float)(i * STEP) + found.flow.dx, (float)(row * STEP) + found.flow.dy);
            const float r = sampled(densify.previous, spot, x - i * STEP, y - row * STEP) - here;
            const float size = fabsf(r);
            const float weight = trust / (size > noise ? size : noise);
            weights = weights + weight;
            sum_x = sum_x + weight * found.flow.dx;
            sum_y = sum_y + weight * found.flow.dy;
            differences = differences + weight * r;
        }
    }
    const float scale = 1.0f / weights;
    return Dense{Flow{sum_x * scale, sum_y * scale}, differences * scale};
}
