// How the brightness of the whole picture changed: `exposure.rs` in crates/motion.
#pragma once

#include "motion/frame.cuh"

namespace exposure {

static constexpr int ACROSS = 48;
static constexpr int ROUNDS = 8;
static constexpr float LEAST_LIMITED = 0.02f;
static constexpr float MOST_LIMITED = 0.98f;
static constexpr int FEWEST = 16;
static constexpr float BETTER = 0.75f;
static constexpr float CORRECTED = 0.9f;
static constexpr float LIKELIER = 0.97f;
static constexpr float NOTABLE = 0.8f / 255.0f;

// Luma of the previous frame and of the new one at the same thing.
struct Pair {
    float previous, current;
};

struct Memory {
    Pair pairs[ACROSS * ACROSS];
};

INKCAST_BODY bool is_sound(Exposure change) {
    return change.gain >= 0.2f && change.gain <= 5.0f && fabsf(change.offset) <= 1.0f;
}

// The nearest pixel of a side; what is not a number is at its start.
INKCAST_BODY int nearest(float position, int length) {
    const float rounded = floorf(position + 0.5f);
    return rounded > 0.0f ? (int)least(rounded, (float)length - 1.0f) : 0;
}

// Pairs of luma at some places; without a flow at the same place.
template <typename Team>
INKCAST_BODY int collect(Team &team, const Bordered<const float> &previous, const Bordered<const float> &current,
                         const Plane<const Flow> *flow, Exposure so_far, Memory &memory) {
    const int width = current.width, height = current.height;
    const int stride_x = (width + ACROSS - 1) / ACROSS, stride_y = (height + ACROSS - 1) / ACROSS;
    const int across = (width + stride_x - 1) / stride_x, down = (height + stride_y - 1) / stride_y;
    const float darkest = so_far.gain * LEAST_LIMITED + so_far.offset;
    const float brightest = so_far.gain * MOST_LIMITED + so_far.offset;
    return kept(team, across * down, memory.pairs, ACROSS * ACROSS, [&](int i, Pair &pair) {
        const int x = i % across * stride_x, y = i / across * stride_y;
        const Flow way = flow ? flow->at(x, y) : Flow{0.0f, 0.0f};
        const int from_x = nearest((float)x + way.dx, width), from_y = nearest((float)y + way.dy, height);
        pair = Pair{previous.at(from_x, from_y), current.at(x, y)};
        return pair.previous >= darkest && pair.previous <= brightest && pair.current >= LEAST_LIMITED &&
               pair.current <= MOST_LIMITED;
    });
}

// The median of what a change leaves of the differences.
template <typename Team> INKCAST_BODY float typical(Team &team, const Memory &memory, int count, Exposure change) {
    return selected(team, count, count / 2, [&](int i) {
        const Pair &pair = memory.pairs[i];
        return fabsf(pair.current - change.gain * pair.previous - change.offset);
    });
}

// The change that makes mean and contrast equal, from the sums of weights, values and squares.
INKCAST_BODY Exposure equal(const double (&sums)[5]) {
    const double w = sums[0], wp = sums[1], wc = sums[2];
    const double p = sums[3] - wp * wp / w, c = sums[4] - wc * wc / w;
    const double gain = p > 1e-4 * w ? sqrt(c / p) : 1.0;
    return Exposure{(float)gain, (float)((wc - gain * wp) / w)};
}

template <typename Team> INKCAST_BODY Exposure equal_moments(Team &team, const Memory &memory, int count) {
    double sums[5];
    team.sums(count, [&](int i, double (&term)[5]) {
        const double p = memory.pairs[i].previous, c = memory.pairs[i].current;
        term[0] = 1.0;
        term[1] = p;
        term[2] = c;
        term[3] = p * p;
        term[4] = c * c;
    }, sums);
    return equal(sums);
}

// One round of the weighted major axis.
template <typename Team>
INKCAST_BODY Exposure fit(Team &team, const Memory &memory, int count, Exposure start, float scale) {
    double sums[5];
    team.sums(count, [&](int i, double (&term)[5]) {
        const Pair &pair = memory.pairs[i];
        const float r = (pair.current - start.gain * pair.previous - start.offset) / scale;
        const double weight = (double)(1.0f / (1.0f + r * r));
        const double p = pair.previous, c = pair.current;
        term[0] = weight * 1.0;
        term[1] = weight * p;
        term[2] = weight * c;
        term[3] = weight * (p * p);
        term[4] = weight * (c * c);
    }, sums);
    return equal(sums);
}

// Before anything is known of motion.
template <typename Team>
INKCAST_BODY Exposure guess(Team &team, const Bordered<const float> &previous, const Bordered<const float> &current,
                            Memory &memory) {
    const Exposure none = {1.0f, 0.0f};
    const int count = collect(team, previous, current, nullptr, none, memory);
    if (count < FEWEST) {
        return none;
    }
    const float before = typical(team, memory, count, none);
    const Exposure change = equal_moments(team, memory, count);
    const bool is_better = before > NOTABLE && typical(team, memory, count, change) < LIKELIER * before;
    return is_better && is_sound(change) ? change : none;
}

// From two frames that `flow` connects, the previous one after `so_far`, to which what is found is added.
template <typename Team>
INKCAST_BODY Exposure refine(Team &team, const Bordered<const float> &previous, const Bordered<const float> &current,
                             const Plane<const Flow> &flow, Exposure so_far, Memory &memory) {
    const Exposure none = {1.0f, 0.0f};
    const int count = collect(team, previous, current, &flow, so_far, memory);
    if (count < FEWEST) {
        return so_far;
    }
    const float before = typical(team, memory, count, none);
    Exposure change = equal_moments(team, memory, count);
    for (int i = 0; i < ROUNDS; i++) {
        const float scale = 2.0f * typical(team, memory, count, change);
        change = fit(team, memory, count, change, most(scale, NOTABLE));
    }
    const bool is_first = so_far.is_none();
    if ((is_first && before < NOTABLE) ||
        typical(team, memory, count, change) >= before * (is_first ? BETTER : CORRECTED)) {
        return so_far;
    }
    const Exposure found = {change.gain * so_far.gain, change.gain * so_far.offset + change.offset};
    return is_sound(found) ? found : so_far;
}

}  // namespace exposure
