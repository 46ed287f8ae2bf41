// What the passes of motion estimation work on: the structures of `mod.rs`.
#pragma once

#include "densify/body.cuh"
#include "device/verdict.cuh"
#include "refine/body.cuh"
#include "search/body.cuh"

static constexpr int MOST_LEVELS = 16;

// `gain * v + offset`, limited to 0..1.
struct Exposure {
    float gain, offset;

    INKCAST_MEMBER bool is_none() const { return gain == 1.0f && offset == 0.0f; }
};

// What is known once all passes are done: `MotionReport`.
struct Report {
    // Sum of the confidence in steps of 1 / CONFIDENCE_STEPS.
    unsigned long long confidence;
    // Whether the frames show different scenes; set from the start where there is no previous frame.
    uint32_t scene_cut;
    // Whether a value of luma differs, and whether a pixel of the pictures does.
    uint32_t luma_differs, picture_differs;
    // Variance of the difference between two pixels that show the same.
    float noise;
    float camera[2];
    Exposure exposure;
};

// What passes leave for later ones.
struct State {
    // The change of the previous frame's brightness that is due.
    Exposure change;
    // For each direction what most of the picture does, in pixels of the level searched last.
    Similarity camera[2];
};

// A size of the two frames. Direction 0 leads from the new frame to the previous one, direction 1 back.
struct Level {
    int width, height, stride;
    int columns, rows;
    int unused;
    // With borders: the previous frame, the new one.
    float *frames[2];
    Match *matches[2];
    Flow *flow[2];
    float *difference[2];
};

struct Motion {
    Report *report;
    State *state;
    // What kernels after these look up: the verdict on the frame, and the camera's part of the flow.
    uint32_t *verdict;
    float *camera;
    // The previous frame and the new one.
    const float *luma[2];
    // Nothing where pictures are not compared.
    const uint32_t *pictures[2];
    const uint32_t *is_first;
    Flow *flow;
    float *confidence;
    float *agreement;
    // Working memory of the search, for each direction.
    Match *alone[2], *next[2];
    float *doubt[2];
    int *changed[2];
    // For levels that are refined, for each direction: the flow before, and working memory of each tile.
    Flow *rough[2];
    TileMemory *tiles[2];
    int width, height;
    int pixels;
    int count, exposed, coarse, half;
    float least_confidence;
    Level levels[MOST_LEVELS];

    // Whether nothing is left to look for: the frames are the same or have nothing in common.
    INKCAST_MEMBER bool is_over() const { return report->scene_cut || !report->luma_differs; }

    INKCAST_MEMBER Bordered<const float> frame(int level, int which) const {
        const Level &at = levels[level];
        return {at.frames[which], at.width, at.height, at.stride};
    }

    INKCAST_MEMBER Plane<Match> matches(int level, int direction) const {
        const Level &at = levels[level];
        return {at.matches[direction], at.columns, at.rows};
    }

    INKCAST_MEMBER Plane<const Flow> flow_at(int level, int direction) const {
        const Level &at = levels[level];
        return {at.flow[direction], at.width, at.height};
    }

    INKCAST_MEMBER Plane<const float> difference_at(int level, int direction) const {
        const Level &at = levels[level];
        return {at.difference[direction], at.width, at.height};
    }

    // Each level halves the noise.
    INKCAST_MEMBER float noise_at(int level) const { return report->noise / (float)(1 << level); }
};

template <typename T> INKCAST_BODY Plane<const T> read_only(const Plane<T> &plane) {
    return {plane.data, plane.width, plane.height};
}
