// How much noise two frames have: `noise.rs` in crates/motion.
#pragma once

#include "motion/frame.cuh"

namespace noise {

static constexpr float LEAST = 0.35f / 255.0f;
static constexpr float MOST = 4.0f / 255.0f;
static constexpr int BLOCKS = 24;
static constexpr int SIDE = 8;

struct Memory {
    float found[BLOCKS * BLOCKS];
};

// Distance between blocks along a side, and how many there are.
INKCAST_BODY int step_along(int length) { return most(most(length - SIDE, 0) / (BLOCKS - 1), SIDE); }

INKCAST_BODY int blocks_along(int length) {
    const int places = most(length - (SIDE - 1), 1), step = step_along(length);
    return least((places + step - 1) / step, BLOCKS);
}

INKCAST_BODY float block(const Bordered<const float> &previous, const Bordered<const float> &current, int x, int y) {
    const float count = (float)(SIDE * SIDE);
    float sum = 0.0f, square = 0.0f, rough = 0.0f;
    for (int j = y; j < y + SIDE; j++) {
        const float *above = current.from(x - 1, j - 1), *here = current.from(x - 1, j), *below = current.from(x - 1, j + 1);
        const float *before = previous.from(x, j);
        for (int i = 0; i < SIDE; i++) {
            const float difference = here[i + 1] - before[i];
            sum += difference;
            square += difference * difference;
            const float left = above[i] - 2.0f * here[i] + below[i];
            const float middle = above[i + 1] - 2.0f * here[i + 1] + below[i + 1];
            const float right = above[i + 2] - 2.0f * here[i + 2] + below[i + 2];
            const float response = left - 2.0f * middle + right;
            rough += response * response;
        }
    }
    return least(square / count - (sum / count) * (sum / count), 2.0f * rough / (36.0f * count));
}

template <typename Team>
INKCAST_BODY float estimate(Team &team, const Bordered<const float> &previous, const Bordered<const float> &current,
                            Memory &memory) {
    const int step_x = step_along(current.width), step_y = step_along(current.height);
    const int across = blocks_along(current.width), count = across * blocks_along(current.height);
    for (int i = team.index(); i < count; i += team.size()) {
        memory.found[i] = block(previous, current, i % across * step_x, i / across * step_y);
    }
    team.wait();
    const float third = selected(team, count, count / 3, [&](int i) { return memory.found[i]; });
    return clamped(third, LEAST * LEAST, MOST * MOST);
}

}  // namespace noise
