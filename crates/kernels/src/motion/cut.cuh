// Whether two frames show different scenes: `cut.rs` in crates/motion.
#pragma once

#include "motion/frame.cuh"

namespace cut {

static constexpr float TEXTURE = 6.0f;
static constexpr float UNEXPLAINED = 0.3f;
static constexpr float ENOUGH = 0.1f;
static constexpr float FOUND = 0.7f;
static constexpr float DIFFERENT = 8.0f / 255.0f;
static constexpr float NEW = 30.0f / 255.0f;
static constexpr float SPARSE = 0.25f;
static constexpr float BURNT = 0.97f;

struct Evidence {
    Bordered<const float> current, previous;
    Exposure exposure;
    Plane<Match> forward, backward;
    Plane<const float> difference;
    float noise;

    INKCAST_MEMBER bool is_textured(const Match &found) const { return found.contrast > TEXTURE * noise; }
};

template <typename Team, typename Value> INKCAST_BODY float mean_of(Team &team, int count, Value value) {
    double sum[1];
    team.sums(count, [&](int i, double (&term)[1]) { term[0] = (double)value(i); }, sum);
    return (float)(sum[0] / (double)count);
}

template <typename Team> INKCAST_BODY float mean(Team &team, const Bordered<const float> &luma) {
    return mean_of(team, luma.width * luma.height, [&](int i) { return luma.at(i % luma.width, i / luma.width); });
}

// Whether a patch or what surrounds it is burnt out in one of the frames.
INKCAST_BODY bool is_burnt(const Evidence &evidence, int i, int j) {
    const Exposure &change = evidence.exposure;
    const float limit = least(change.gain * BURNT + change.offset, BURNT);
    for (int y = j * STEP - 2; y < j * STEP + PATCH + 2; y++) {
        for (int x = i * STEP - 2; x < i * STEP + PATCH + 2; x++) {
            if (evidence.current.at(x, y) > BURNT || evidence.previous.at(x, y) > limit) {
                return true;
            }
        }
    }
    return false;
}

// Whether too few of the patches that both frames could show are found again.
template <typename Team> INKCAST_BODY bool is_lost(Team &team, const Evidence &evidence, bool leaves_out_burnt) {
    const int columns = evidence.forward.width, count = columns * evidence.forward.height;
    int numbers[2] = {0, 0};
    for (int k = team.index(); k < count; k += team.size()) {
        const int i = k % columns, j = k / columns;
        const Match there = evidence.forward.at(i, j);
        if (evidence.is_textured(there) && evidence.is_textured(evidence.backward.at(i, j)) &&
            !(leaves_out_burnt && is_burnt(evidence, i, j))) {
            numbers[0] += 1;
            numbers[1] += there.error < UNEXPLAINED * there.contrast ? 1 : 0;
        }
    }
    team.total(numbers);
    const float textured = (float)numbers[0], found = (float)numbers[1];
    return textured > ENOUGH * (float)count && found < FOUND * textured;
}

// Share of the patches that are textured.
template <typename Team> INKCAST_BODY float share(Team &team, const Evidence &evidence, const Plane<Match> &matches) {
    const int count = matches.width * matches.height;
    int textured[1] = {0};
    for (int k = team.index(); k < count; k += team.size()) {
        textured[0] += evidence.is_textured(matches.data[k]) ? 1 : 0;
    }
    team.total(textured);
    return (float)textured[0] / (float)count;
}

// Whether there is texture now and was next to none, nor white, before.
template <typename Team> INKCAST_BODY bool is_after_nothing(Team &team, const Evidence &evidence) {
    const bool is_white = evidence.exposure.is_none() && mean(team, evidence.previous) > 0.9f;
    const float before = share(team, evidence, evidence.backward), now = share(team, evidence, evidence.forward);
    return before < most(ENOUGH, SPARSE * now) && now > ENOUGH && !is_white;
}

// How far the mean of luma has moved.
template <typename Team> INKCAST_BODY float change_of_mean(Team &team, const Evidence &evidence) {
    const Exposure &change = evidence.exposure;
    const float smallest = 1.17549435e-38f;
    const float before = (mean(team, evidence.previous) - change.offset) / most(change.gain, smallest);
    return fabsf(mean(team, evidence.current) - before);
}

template <typename Team> INKCAST_BODY bool is_cut(Team &team, const Evidence &evidence) {
    const Plane<const float> &plane = evidence.difference;
    const float difference = mean_of(team, plane.width * plane.height, [&](int i) { return fabsf(plane.data[i]); });
    if (!(difference > DIFFERENT)) {
        return false;
    }
    if (is_lost(team, evidence, false) && is_lost(team, evidence, true)) {
        return true;
    }
    return most(difference, change_of_mean(team, evidence)) > NEW && is_after_nothing(team, evidence);
}

}  // namespace cut
