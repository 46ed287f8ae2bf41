// The passes of motion estimation: what a thread or a team of threads does in each. `plan.rs` says in which order.
#pragma once

#include "agreement/body.cuh"
#include "confidence/body.cuh"
#include "motion/camera.cuh"
#include "motion/cut.cuh"
#include "motion/exposure.cuh"
#include "motion/frame.cuh"
#include "motion/noise.cuh"

namespace pass {

// Difference of luma up to which a pixel is explained, and from which on it is not, without noise.
static constexpr float EXPLAINED = 10.0f / 255.0f;
static constexpr float UNEXPLAINED = 36.0f / 255.0f;

// Mean change of luma around a place that is trusted in full, and from which on it is not at all.
static constexpr float STEADY = 1.0f / 255.0f;
static constexpr float CHANGED = 3.0f / 255.0f;

// Levels, from the finest, whose flow is refined.
static constexpr int REFINED = 2;

// Whole pixels that are tried in each direction on the coarsest level.
static constexpr int REACH = 4;

INKCAST_BODY void start(const Motion &motion) {
    const Exposure none = {1.0f, 0.0f};
    const uint32_t is_first = motion.is_first && *motion.is_first ? 1 : 0;
    *motion.report = Report{0, is_first, 0, 0, 0.0f, {0.0f, 0.0f}, none};
    *motion.state = State{none, {camera::NONE, camera::NONE}};
}

// Takes over a value of a frame's luma, the border included, and notes whether the frames differ there.
INKCAST_BODY void copy(const Motion &motion, int which, int i, int j) {
    const Level &level = motion.levels[0];
    const size_t from = (size_t)inside(j, level.height) * level.width + inside(i, level.width);
    level.frames[which][(size_t)j * level.stride + i] = motion.luma[which][from];
    if (which == 0 && motion.luma[0][from] != motion.luma[1][from]) {
        motion.report->luma_differs = 1;
    }
}

// Notes whether the pictures differ at a pixel; needless where luma does already.
INKCAST_BODY void compare(const Motion &motion, int i) {
    if (!motion.report->luma_differs && motion.pictures[0][i] != motion.pictures[1][i]) {
        motion.report->picture_differs = 1;
    }
}

INKCAST_BODY void halve(const Motion &motion, int at, int which, int i, int j) {
    const Level &level = motion.levels[at];
    const float mean = halved_pixel(motion.frame(at - 1, which), inside(i, level.width), inside(j, level.height));
    level.frames[which][(size_t)j * level.stride + i] = mean;
}

template <typename Team> INKCAST_BODY void estimate_noise(Team &team, const Motion &motion, noise::Memory &memory) {
    const float found = noise::estimate(team, motion.frame(0, 0), motion.frame(0, 1), memory);
    if (team.index() == 0) {
        motion.report->noise = found;
    }
}

template <typename Team> INKCAST_BODY void guess_exposure(Team &team, const Motion &motion, exposure::Memory &memory) {
    const int at = motion.exposed;
    const Exposure change = exposure::guess(team, motion.frame(at, 0), motion.frame(at, 1), memory);
    if (team.index() == 0) {
        motion.report->exposure = motion.state->change = change;
    }
}

// How many values the previous frame has on the levels finer than `end`.
INKCAST_BODY size_t values_before(const Motion &motion, int end) {
    if (end == 0) {
        return 0;
    }
    const Level &last = motion.levels[end - 1];
    return last.frames[0] + (size_t)last.stride * (last.height + 2 * BORDER) - motion.levels[0].frames[0];
}

// Changes the previous frame's brightness at value `i` of all its levels.
INKCAST_BODY void expose(const Motion &motion, size_t i) {
    float &value = motion.levels[0].frames[0][i];
    value = exposed_pixel(value, motion.state->change.gain, motion.state->change.offset);
}

INKCAST_BODY Similarity prior(const Motion &motion, int at, int direction) {
    return at == motion.count - 1 ? camera::NONE : camera::finer(motion.state->camera[direction]);
}

INKCAST_BODY Search search_of(const Motion &motion, int at, int direction) {
    const bool is_coarsest = at == motion.count - 1;
    Search search;
    search.previous = motion.frame(at, direction);
    search.current = motion.frame(at, 1 - direction);
    search.coarser = is_coarsest ? Plane<const Flow>{nullptr, 0, 0} : motion.flow_at(at + 1, direction);
    search.prior = prior(motion, at, direction);
    search.noise = motion.noise_at(at);
    search.reach = is_coarsest ? REACH : 0;
    return search;
}

// Searches patch `i` without looking to the left.
template <typename L> INKCAST_BODY void search(L l, const Motion &motion, int at, int direction, int i) {
    const int columns = motion.levels[at].columns;
    float doubt;
    const Match found =
        found_alone(l, search_of(motion, at, direction), i % columns * STEP, i / columns * STEP, doubt);
    if (l.is_first()) {
        motion.alone[direction][i] = found;
        motion.doubt[direction][i] = doubt;
    }
}

template <typename Team, typename L>
INKCAST_BODY void lead(Team &team, L l, const Motion &motion, int at, int direction, int row) {
    const Level &level = motion.levels[at];
    const int first = row * level.columns;
    const Row memory = {motion.alone[direction] + first,
                        motion.doubt[direction] + first,
                        level.matches[direction] + first,
                        motion.next[direction] + first,
                        {motion.changed[direction] + 2 * first, motion.changed[direction] + 2 * first + level.columns}};
    lead_row(team, l, search_of(motion, at, direction), row, level.columns, memory);
}

template <typename Team>
INKCAST_BODY void fit(Team &team, const Motion &motion, int at, int direction, camera::Memory &memory) {
    const Similarity found = camera::fit(team, motion.matches(at, direction), prior(motion, at, direction),
                                         motion.noise_at(at), memory);
    team.wait();
    if (team.index() == 0) {
        motion.state->camera[direction] = found;
    }
}

INKCAST_BODY void densify(const Motion &motion, int at, int direction, int x, int y) {
    const Level &level = motion.levels[at];
    const Densify densify = {motion.frame(at, direction), motion.frame(at, 1 - direction),
                             read_only(motion.matches(at, direction)), sqrtf(0.5f * motion.noise_at(at))};
    const Dense dense = dense_pixel(densify, x, y);
    Flow *flow = at < REFINED ? motion.rough[direction] : level.flow[direction];
    flow[(size_t)y * level.width + x] = dense.flow;
    level.difference[direction][(size_t)y * level.width + x] = dense.difference;
}

// Refines tile `(column, row)` of a level.
template <typename Team>
INKCAST_BODY void refine(Team &team, const Motion &motion, int at, int direction, int column, int row) {
    const Level &level = motion.levels[at];
    const Refine refine = {motion.frame(at, direction), motion.frame(at, 1 - direction),
                           Plane<const Flow>{motion.rough[direction], level.width, level.height},
                           sqrtf(0.5f * motion.noise_at(at))};
    TileMemory &tile = motion.tiles[direction][row * ((level.width + ACROSS - 1) / ACROSS) + column];
    refine_tile(team, refine, column * ACROSS, row * BAND, tile,
                Plane<Flow>{level.flow[direction], level.width, level.height},
                Plane<float>{level.difference[direction], level.width, level.height});
}

// Corrects the change of brightness by what the flow on a level connects.
template <typename Team> INKCAST_BODY void correct(Team &team, const Motion &motion, int at, exposure::Memory &memory) {
    const Exposure so_far = motion.report->exposure;
    const Exposure found =
        exposure::refine(team, motion.frame(at, 0), motion.frame(at, 1), motion.flow_at(at, 0), so_far, memory);
    team.wait();
    if (team.index() == 0) {
        const float gain = found.gain / so_far.gain;
        motion.report->exposure = found;
        motion.state->change = Exposure{gain, found.offset - gain * so_far.offset};
    }
}

template <typename Team> INKCAST_BODY void find_cut(Team &team, const Motion &motion, int at) {
    const cut::Evidence evidence = {motion.frame(at, 1),         motion.frame(at, 0),     motion.report->exposure,
                                    motion.matches(at, 0),       motion.matches(at, 1),
                                    motion.difference_at(at, 0), motion.noise_at(at)};
    const bool is_cut = cut::is_cut(team, evidence);
    team.wait();
    if (team.index() == 0 && is_cut) {
        motion.report->scene_cut = 1;
    }
}

INKCAST_BODY void agree(const Motion &motion, int x, int y) {
    const int half_width = (motion.width + 1) / 2;
    float agreement = 1.0f;
    // A frame too small for a half: its flow has nothing to be compared with.
    if (motion.half == 1) {
        const float steady = STEADY + 0.25f * sqrtf(motion.report->noise);
        const Halves halves = {Plane<const Flow>{motion.flow, motion.width, motion.height}, motion.flow_at(1, 1),
                               motion.difference_at(1, 0), steady, CHANGED};
        agreement = agreement_at(halves, x, y);
    }
    motion.agreement[(size_t)y * half_width + x] = agreement;
}

// Writes the confidence at a pixel and returns it in whole steps.
INKCAST_BODY uint32_t judge(const Motion &motion, int x, int y) {
    const size_t at = (size_t)y * motion.width + x;
    float confidence;
    if (motion.is_over()) {
        motion.flow[at] = Flow{0.0f, 0.0f};
        confidence = motion.report->scene_cut ? 0.0f : 1.0f;
    } else {
        const float noise = sqrtf(motion.report->noise);
        const Evidence evidence = {
            Plane<const Flow>{motion.flow, motion.width, motion.height}, motion.difference_at(0, 0),
            Plane<const float>{motion.agreement, (motion.width + 1) / 2, (motion.height + 1) / 2},
            EXPLAINED + noise, UNEXPLAINED + 2.0f * noise};
        confidence = confidence_at(evidence, x, y);
    }
    motion.confidence[at] = confidence;
    return confidence_steps(confidence);
}

INKCAST_BODY void settle(const Motion &motion) {
    Report &report = *motion.report;
    if (motion.is_over()) {
        report.exposure = Exposure{1.0f, 0.0f};
    } else {
        const Flow middle =
            motion.state->camera[0].at((float)(motion.width - 1) / 2.0f, (float)(motion.height - 1) / 2.0f);
        report.camera[0] = middle.dx;
        report.camera[1] = middle.dy;
    }
    const double steps = (double)CONFIDENCE_STEPS * (double)motion.width * (double)motion.height;
    if ((float)((double)report.confidence / steps) < motion.least_confidence) {
        report.scene_cut = 1;
    }
    const bool is_repeated = !report.luma_differs && !report.picture_differs;
    *motion.verdict = report.scene_cut ? CUT : is_repeated ? REPEATED : 0;
    motion.camera[0] = report.camera[0];
    motion.camera[1] = report.camera[1];
}

}  // namespace pass
