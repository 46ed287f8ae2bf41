// Pixels of a smaller picture as means of areas, and of larger layers guided by their picture.
#pragma once

#include "device/language.cuh"

// The constant of `guided.rs`.
static constexpr float SIGMA = 10.0f;

// The stretch of `from` pixels that pixel `index` of `to` covers.
struct Area {
    float start, end, share;
    int first, last;
};

INKCAST_BODY Area area_of(int index, int from, int to) {
    const float scale = (float)from / (float)to;
    Area area;
    area.start = (float)index * scale;
    area.end = (float)(index + 1) * scale;
    area.share = 1.0f / (area.end - area.start);
    area.first = (int)area.start;
    area.last = least((int)ceilf(area.end), from);
    return area;
}

// How much of pixel `at` it covers.
INKCAST_BODY float covered(const Area &area, int at) {
    return most(least(area.end, (float)at + 1.0f) - most(area.start, (float)at), 0.0f);
}

// The nearest sample of a mean, which never leaves the range.
INKCAST_BODY void take_mean(float mean, uint8_t *sample) { *sample = (uint8_t)least((int)(mean + 0.5f), 255); }
INKCAST_BODY void take_mean(float mean, int16_t *sample) { *sample = (int16_t)floorf(mean + 0.5f); }

// The mean of the area that pixel `(x, y)` of a plane of `width` x `height` covers.
template <typename T> INKCAST_BODY T mean_pixel(int x, int y, Plane<const T> plane, int width, int height) {
    const Area rows = area_of(y, plane.height, height), columns = area_of(x, plane.width, width);
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int row = rows.first; row < rows.last; row++) {
        const float down = covered(rows, row);
        for (int column = columns.first; column < columns.last; column++) {
            const float weight = down * covered(columns, column);
            const T values = plane.at(column, row);
            for (int c = 0; c < 4; c++) {
                sums[c] += weight * (float)values.of[c];
            }
        }
    }
    T out;
    for (int c = 0; c < 4; c++) {
        take_mean(sums[c] * rows.share * columns.share, &out.of[c]);
    }
    return out;
}

// The least value of the area.
INKCAST_BODY uint8_t least_of_area(int x, int y, Plane<const uint8_t> plane, int width, int height) {
    const Area rows = area_of(y, plane.height, height), columns = area_of(x, plane.width, width);
    uint8_t found = 255;
    bool any = false;
    for (int row = rows.first; row < rows.last; row++) {
        for (int column = columns.first; column < columns.last; column++) {
            found = least(found, plane.at(column, row));
            any = true;
        }
    }
    return any ? found : 0;
}

// How ink is made crisp: its contrast, and the value that becomes one half.
struct Ink {
    float contrast, threshold;
};

// The pixels before and behind the centre of a pixel, and how far it is to the second.
struct Between {
    int first, second;
    float across;
};

INKCAST_BODY Between between(int at, int large, int small) {
    float position = ((float)at + 0.5f) * ((float)small / (float)large) - 0.5f;
    position = clamped(position, 0.0f, (float)small - 1.0f);
    const int first = (int)position;
    return Between{first, least(first + 1, small - 1), position - (float)first};
}

// The nearest value that layers have: adding so much that no fraction bits are left rounds, and the low bits are the number.
INKCAST_BODY int16_t nearest(float value) {
    const float positive = value > 0.0f ? value : 0.0f;
    const float inside = positive < (float)LAYER_ONE ? positive : (float)LAYER_ONE;
    return (int16_t)bits_of(inside + (float)(1 << 23));
}

// A pixel of `small` at the size of `picture`.
INKCAST_BODY Layer enlarged_pixel(int x, int y, Plane<const Layer> small, Plane<const Pixel> small_picture,
                                  Plane<const Pixel> picture, Ink how) {
    const Between columns = between(x, picture.width, small.width), rows = between(y, picture.height, small.height);
    const float across = columns.across, down = rows.across;
    const float near[4] = {(1.0f - across) * (1.0f - down), across * (1.0f - down), (1.0f - across) * down,
                           across * down};
    const Pixel here = picture.at(x, y);
    float colour[3] = {0.0f, 0.0f, 0.0f}, total = 0.0f, ink = 0.0f;
    for (int corner = 0; corner < 4; corner++) {
        const int column = corner % 2 == 0 ? columns.first : columns.second;
        const int row = corner / 2 == 0 ? rows.first : rows.second;
        const Pixel there = small_picture.at(column, row);
        const Layer layers = small.at(column, row);
        float apart = 0.0f;
        for (int c = 0; c < 3; c++) {
            const float difference = (float)there.of[c] - (float)here.of[c];
            apart += difference * difference;
        }
        // Never quite nothing, so that a pixel unlike all its neighbours is their mean.
        const float weight = near[corner] * (1.0f / (1.0f + apart * (1.0f / (SIGMA * SIGMA))) + 1e-4f);
        total += weight;
        for (int c = 0; c < 3; c++) {
            colour[c] += weight * (float)layers.of[c];
        }
        ink += near[corner] * (float)layers.of[3];
    }
    const float half = 0.5f * (float)LAYER_ONE;
    Layer out;
    for (int c = 0; c < 3; c++) {
        out.of[c] = nearest(colour[c] / total);
    }
    out.of[3] = nearest(half + how.contrast * (ink - how.threshold));
    return out;
}
