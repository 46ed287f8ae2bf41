// The search of a patch: `scalar.rs`, in which the reasons stand.
//
// There, a patch may also start from what the patch to its left found, so a row goes from left to right. Here, all patches
// are first searched without, side by side; then those that may take something over from the left are searched again,
// until nothing changes along the row. That ends, at the latest after as many rounds as the row has patches, with what
// going from left to right gives: a patch depends on nothing but the frames and the flow to its left.
#pragma once

#include "device/lanes.cuh"
#include "device/team.cuh"
#include "search/patch.cuh"

static constexpr int ITERATIONS = 6;
static constexpr float CONVERGED = 0.03f;
static constexpr float EXPLAINED = 1.8f;
static constexpr float BETTER = 0.8f;
static constexpr float CLEARLY = 0.6f;
static constexpr float PROMISING = 0.2f;
static constexpr float MOVING = 0.06f;
static constexpr float FAR = 0.02f;
static constexpr float COUNT = (float)(PATCH * PATCH);

// In place of a difference: the patch takes nothing over from the left.
static constexpr float SETTLED = -1.0f;

// Everything that a search needs but the place; without a coarser level its plane has no data.
struct Search {
    Bordered<const float> previous, current;
    Plane<const Flow> coarser;
    Similarity prior;
    float noise;
    int reach;
};

INKCAST_BODY bool is_finite(Flow flow) { return flow.dx - flow.dx == 0.0f && flow.dy - flow.dy == 0.0f; }

INKCAST_BODY bool is_same(Flow a, Flow b) { return a.dx == b.dx && a.dy == b.dy; }

INKCAST_BODY bool is_same(const Match &a, const Match &b) {
    return bits_of(a.flow.dx) == bits_of(b.flow.dx) && bits_of(a.flow.dy) == bits_of(b.flow.dy) &&
           bits_of(a.error) == bits_of(b.error) && bits_of(a.contrast) == bits_of(b.contrast);
}

INKCAST_BODY float apart(Flow a, Flow b) { return most(fabsf(a.dx - b.dx), fabsf(a.dy - b.dy)); }

// What the whole picture does in the middle of the patch at `(x, y)`.
INKCAST_BODY Flow prior_of(const Search &search, int x, int y) {
    const float middle = (float)PATCH / 2.0f - 0.5f;
    return search.prior.at((float)x + middle, (float)y + middle);
}

// Twice the flow of the coarser level in the middle of the patch at `(x, y)`, or what stands in for it.
INKCAST_BODY Flow start_of(const Search &search, int x, int y, Flow instead) {
    const Plane<const Flow> &coarser = search.coarser;
    if (!coarser.data) {
        return instead;
    }
    const int column = least((x + PATCH / 2) / 2, coarser.width - 1), row = least((y + PATCH / 2) / 2, coarser.height - 1);
    const Flow flow = coarser.at(column, row);
    return is_finite(flow) ? Flow{2.0f * flow.dx, 2.0f * flow.dy} : instead;
}

// Mean square without the mean, from sum and sum of squares.
INKCAST_BODY float variance(float sum, float square) {
    const float variance = (square - sum * (sum / COUNT)) / COUNT;
    return variance > 0.0f ? variance : 0.0f;
}

// Rows of eight pixels from `(x, y)` on.
template <int ROWS, typename L>
INKCAST_BODY void load_rows(L l, const Bordered<const float> &plane, int x, int y, typename L::V (&rows)[ROWS]) {
    const float *from = plane.from(x, y);
    for (int j = 0; j < ROWS; j++) {
        rows[j] = l.load(from + (size_t)j * plane.stride);
    }
}

// A patch whose upper left pixel is at `(x, y)`, between pixels by linear interpolation.
template <typename L>
INKCAST_BODY void sample(L l, const Bordered<const float> &plane, float x, float y, typename L::V (&out)[PATCH]) {
    using V = typename L::V;
    const Spot spot = spot_at(plane, x, y);
    if (spot.tx == 0.0f && spot.ty == 0.0f) {
        load_rows(l, plane, spot.left, spot.top, out);
        return;
    }
    V before[PATCH + 1], after[PATCH + 1];
    load_rows(l, plane, spot.left, spot.top, before);
    load_rows(l, plane, spot.left + 1, spot.top, after);
    V upper = before[0] + spot.tx * (after[0] - before[0]);
    for (int j = 0; j < PATCH; j++) {
        const V lower = before[j + 1] + spot.tx * (after[j + 1] - before[j + 1]);
        out[j] = upper + spot.ty * (lower - upper);
        upper = lower;
    }
}

// The template: a patch of the new frame.
template <typename L> struct Patch {
    float x, y;
    typename L::V rows[PATCH];
    float contrast;
};

template <typename L> INKCAST_BODY Patch<L> patch_at(L l, const Bordered<const float> &current, int x, int y) {
    using V = typename L::V;
    Patch<L> patch;
    patch.x = (float)x;
    patch.y = (float)y;
    load_rows(l, current, x, y, patch.rows);
    V sum[2] = {l.zero(), l.zero()}, square[2] = {l.zero(), l.zero()};
    for (int j = 0; j < PATCH; j++) {
        sum[j % 2] = sum[j % 2] + patch.rows[j];
        square[j % 2] = square[j % 2] + patch.rows[j] * patch.rows[j];
    }
    patch.contrast = variance(l.total(sum[0] + sum[1]), l.total(square[0] + square[1]));
    return patch;
}

// Mean square difference without the means.
template <typename L>
INKCAST_BODY float difference(L l, const Patch<L> &patch, const Bordered<const float> &previous, Flow flow) {
    using V = typename L::V;
    V values[PATCH];
    sample(l, previous, patch.x + flow.dx, patch.y + flow.dy, values);
    V sum[2] = {l.zero(), l.zero()}, square[2] = {l.zero(), l.zero()};
    for (int j = 0; j < PATCH; j++) {
        const V r = values[j] - patch.rows[j];
        sum[j % 2] = sum[j % 2] + r;
        square[j % 2] = square[j % 2] + r * r;
    }
    return variance(l.total(sum[0] + sum[1]), l.total(square[0] + square[1]));
}

// How the template changes with its place, and the inverse of the sum of outer products of that without its mean.
template <typename L> struct Slope {
    typename L::V x[PATCH], y[PATCH];
    float sum_x, sum_y;
    float xx, xy, yy;
};

template <typename L> INKCAST_BODY Slope<L> slope_at(L l, const Bordered<const float> &current, int left, int top) {
    using V = typename L::V;
    Slope<L> slope;
    load_rows(l, current, left + 1, top, slope.x);
    load_rows(l, current, left, top + 1, slope.y);
    V before[PATCH], above[PATCH];
    load_rows(l, current, left - 1, top, before);
    load_rows(l, current, left, top - 1, above);
    V sums[5] = {l.zero(), l.zero(), l.zero(), l.zero(), l.zero()};
    for (int j = 0; j < PATCH; j++) {
        const V gx = 0.5f * (slope.x[j] - before[j]);
        const V gy = 0.5f * (slope.y[j] - above[j]);
        slope.x[j] = gx;
        slope.y[j] = gy;
        sums[0] = sums[0] + gx;
        sums[1] = sums[1] + gy;
        sums[2] = sums[2] + gx * gx;
        sums[3] = sums[3] + gx * gy;
        sums[4] = sums[4] + gy * gy;
    }
    const float x = l.total(sums[0]), y = l.total(sums[1]);
    float xx = l.total(sums[2]), xy = l.total(sums[3]), yy = l.total(sums[4]);
    xx = xx - x * x / COUNT;
    xy = xy - x * y / COUNT;
    yy = yy - y * y / COUNT;
    const float damping = 1e-4f + 0.01f * (xx + yy);
    xx = xx + damping;
    yy = yy + damping;
    const float scale = 1.0f / (xx * yy - xy * xy);
    slope.sum_x = x;
    slope.sum_y = y;
    slope.xx = yy * scale;
    slope.xy = -xy * scale;
    slope.yy = xx * scale;
    return slope;
}

// Mean square difference without the means, and in `b` the right side of the normal equations.
template <typename L>
INKCAST_BODY float compared(L l, const Patch<L> &patch, const Slope<L> &slope, const Bordered<const float> &previous,
                            Flow flow, Flow &b) {
    using V = typename L::V;
    V values[PATCH];
    sample(l, previous, patch.x + flow.dx, patch.y + flow.dy, values);
    V sums[2][4] = {{l.zero(), l.zero(), l.zero(), l.zero()}, {l.zero(), l.zero(), l.zero(), l.zero()}};
    for (int j = 0; j < PATCH; j++) {
        const V r = values[j] - patch.rows[j];
        V(&into)[4] = sums[j % 2];
        into[0] = into[0] + r;
        into[1] = into[1] + r * r;
        into[2] = into[2] + slope.x[j] * r;
        into[3] = into[3] + slope.y[j] * r;
    }
    const float sum = l.total(sums[0][0] + sums[1][0]), square = l.total(sums[0][1] + sums[1][1]);
    const float x = l.total(sums[0][2] + sums[1][2]), y = l.total(sums[0][3] + sums[1][3]);
    const float mean = sum / COUNT;
    b = Flow{x - slope.sum_x * mean, y - slope.sum_y * mean};
    return variance(sum, square);
}

// The best of the whole pixels around the prior; `error` gets its difference.
template <typename L>
INKCAST_BODY Flow nearby(L l, const Search &search, const Patch<L> &patch, Flow prior, float &error) {
    Flow best = prior;
    float least_cost = INFINITY;
    error = INFINITY;
    for (int dy = -search.reach; dy <= search.reach; dy++) {
        for (int dx = -search.reach; dx <= search.reach; dx++) {
            const Flow flow = {prior.dx + (float)dx, prior.dy + (float)dy};
            const float found = difference(l, patch, search.previous, flow);
            const float cost = found + FAR * patch.contrast * apart(flow, prior);
            if (cost < least_cost) {
                best = flow;
                error = found;
                least_cost = cost;
            }
        }
    }
    return best;
}

// Goes on from the best start by Gauss-Newton steps.
template <typename L>
INKCAST_BODY Match refined(L l, const Search &search, const Patch<L> &patch, Flow prior, Match best) {
    if (search.reach > 0) {
        float error;
        const Flow flow = nearby(l, search, patch, prior, error);
        if (error < CLEARLY * best.error) {
            best.flow = flow;
            best.error = error;
        }
    }
    const Slope<L> slope = slope_at(l, search.current, (int)patch.x, (int)patch.y);
    const Flow origin = best.flow;
    const float promising = COUNT * (is_same(origin, prior) ? PROMISING : MOVING);
    Flow at = origin;
    for (int i = 0; i < ITERATIONS; i++) {
        Flow b;
        const float error = compared(l, patch, slope, search.previous, at, b);
        if (error < best.error) {
            best.flow = at;
            best.error = error;
        } else if (!is_same(at, origin)) {
            break;
        }
        const Flow step = {slope.xx * b.dx + slope.xy * b.dy, slope.xy * b.dx + slope.yy * b.dy};
        at = Flow{at.dx - step.dx, at.dy - step.dy};
        const bool is_promising = (step.dx * b.dx + step.dy * b.dy) > promising * error;
        const bool is_near = is_finite(at) && apart(at, origin) <= (float)PATCH;
        if (!is_promising || !is_near || most(fabsf(step.dx), fabsf(step.dy)) < CONVERGED) {
            break;
        }
    }
    return best;
}

// What is found for the patch at `(x, y)` without looking to the left. `doubt` gets the difference that a flow from there
// has to undercut, or SETTLED.
template <typename L> INKCAST_BODY Match found_alone(L l, const Search &search, int x, int y, float &doubt) {
    const Patch<L> patch = patch_at(l, search.current, x, y);
    const Flow prior = prior_of(search, x, y), start = start_of(search, x, y, prior);
    const float still = difference(l, patch, search.previous, prior);
    const bool is_still = still <= EXPLAINED * search.noise;
    Match best = {prior, still, patch.contrast};
    doubt = SETTLED;
    if (is_still && apart(start, prior) < 0.5f) {
        return best;
    }
    if (!is_same(start, prior)) {
        const float error = difference(l, patch, search.previous, start);
        const float share = is_still ? CLEARLY : 1.0f / BETTER;
        if (error < share * still) {
            best.flow = start;
            best.error = error;
        }
        doubt = best.error;
    }
    return refined(l, search, patch, prior, best);
}

// What is found for the patch at `(x, y)` beside one with the flow `left`.
template <typename L>
INKCAST_BODY Match found_beside(L l, const Search &search, int x, int y, Flow left, const Match &alone, float doubt) {
    const Flow prior = prior_of(search, x, y), start = start_of(search, x, y, prior);
    if (doubt == SETTLED || !(apart(left, start) > 0.5f && apart(left, prior) > 0.5f)) {
        return alone;
    }
    const Patch<L> patch = patch_at(l, search.current, x, y);
    const float error = difference(l, patch, search.previous, left);
    if (!(error < BETTER * doubt)) {
        return alone;
    }
    return refined(l, search, patch, prior, Match{left, error, patch.contrast});
}

// Working memory of a row: what was found alone, and for the rounds after it.
struct Row {
    const Match *alone;
    const float *doubt;
    Match *found, *next;
    int *changed[2];
};

// Lets the patches of row `row` take over what those to their left found. Each group of threads that shares the lanes is
// a member of the team.
template <typename Team, typename L>
INKCAST_BODY void lead_row(Team &team, L l, const Search &search, int row, int columns, const Row &memory) {
    const Match *before = memory.alone;
    Match *after = memory.found;
    for (int round = 0;; round++) {
        bool is_changed = false;
        for (int i = team.index(); i < columns; i += team.size()) {
            Match found = before[i];
            const bool is_due = round == 0 || (i > 0 && memory.changed[round % 2][i - 1]);
            if (is_due) {
                const Flow left = i > 0 ? before[i - 1].flow : Flow{0.0f, 0.0f};
                found = found_beside(l, search, i * STEP, row * STEP, left, memory.alone[i], memory.doubt[i]);
            }
            const bool is_new = !is_same(found, before[i]);
            if (l.is_first()) {
                after[i] = found;
                memory.changed[1 - round % 2][i] = is_new;
            }
            is_changed = is_changed || is_new;
        }
        // Where nothing changed, both hold the same.
        if (!team.any(is_changed)) {
            return;
        }
        before = after;
        after = after == memory.found ? memory.next : memory.found;
    }
}
