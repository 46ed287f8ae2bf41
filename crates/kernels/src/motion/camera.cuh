// What most of the picture does: `camera.rs` in crates/motion.
#pragma once

#include "motion/frame.cuh"

namespace camera {

static constexpr int SAMPLES = 700;
static constexpr int MOST_SAMPLES = 2 * SAMPLES;
static constexpr int ROUNDS = 5;
static constexpr float APART = 0.5f;
static constexpr float CONTRAST = 4.0f;
static constexpr float SUPPORT = 0.3f;
static constexpr float STILL = 0.1f;
static constexpr float CLEAR = 0.97f;

static constexpr Similarity NONE = {0.0f, 0.0f, 0.0f, 0.0f};

// A textured patch: its middle, from the middle of the picture, and its flow.
struct Sample {
    float x, y;
    Flow flow;
};

struct Memory {
    Sample samples[MOST_SAMPLES];
};

INKCAST_BODY bool is_none(Similarity model) {
    return model.a == 0.0f && model.b == 0.0f && model.tx == 0.0f && model.ty == 0.0f;
}

// The same motion, counted from another place.
INKCAST_BODY Similarity centred(Similarity model, float x, float y) {
    const Flow from = model.at(x, y);
    return Similarity{model.a, model.b, from.dx, from.dy};
}

// The same motion in pixels of the next finer level.
INKCAST_BODY Similarity finer(Similarity coarse) {
    return Similarity{coarse.a, coarse.b, 2.0f * coarse.tx - 0.5f * (coarse.a - coarse.b),
                      2.0f * coarse.ty - 0.5f * (coarse.b + coarse.a)};
}

// Some of the textured patches.
template <typename Team>
INKCAST_BODY int collect(Team &team, const Plane<Match> &matches, float noise, Memory &memory) {
    int stride = 1;
    while ((long long)stride * stride * SAMPLES < (long long)matches.width * matches.height) stride++;
    const float middle_x = (float)(matches.width * STEP / 2) - ((float)PATCH / 2.0f - 0.5f);
    const float middle_y = (float)(matches.height * STEP / 2) - ((float)PATCH / 2.0f - 0.5f);
    const int across = (matches.width + stride - 1) / stride, down = (matches.height + stride - 1) / stride;
    return kept(team, across * down, memory.samples, MOST_SAMPLES, [&](int k, Sample &sample) {
        const int i = k % across * stride, j = k / across * stride;
        const Match found = matches.at(i, j);
        sample = Sample{(float)(i * STEP) - middle_x, (float)(j * STEP) - middle_y, found.flow};
        return found.contrast > CONTRAST * noise;
    });
}

INKCAST_BODY float weight(Similarity model, const Sample &sample) {
    const Flow at = model.at(sample.x, sample.y);
    const float dx = (at.dx - sample.flow.dx) / APART, dy = (at.dy - sample.flow.dy) / APART;
    return 1.0f / (1.0f + dx * dx + dy * dy);
}

// Mean weight of the patches under a model.
template <typename Team> INKCAST_BODY float support(Team &team, const Memory &memory, int count, Similarity model) {
    double sum[1];
    team.sums(count, [&](int i, double (&term)[1]) { term[0] = (double)weight(model, memory.samples[i]); }, sum);
    return count == 0 ? 1.0f : (float)sum[0] / (float)count;
}

// The median of both components.
template <typename Team> INKCAST_BODY Similarity median(Team &team, const Memory &memory, int count) {
    if (count == 0) {
        return NONE;
    }
    const float tx = selected(team, count, count / 2, [&](int i) { return memory.samples[i].flow.dx; });
    const float ty = selected(team, count, count / 2, [&](int i) { return memory.samples[i].flow.dy; });
    return Similarity{0.0f, 0.0f, tx, ty};
}

// One round of weighted least squares.
template <typename Team>
INKCAST_BODY Similarity next(Team &team, const Memory &memory, int count, Similarity model) {
    double sums[8];
    team.sums(count, [&](int i, double (&term)[8]) {
        const Sample &sample = memory.samples[i];
        const double w = (double)weight(model, sample);
        const double x = sample.x, y = sample.y, u = sample.flow.dx, v = sample.flow.dy;
        term[0] = w * 1.0;
        term[1] = w * x;
        term[2] = w * y;
        term[3] = w * u;
        term[4] = w * v;
        term[5] = w * (x * x + y * y);
        term[6] = w * (x * u + y * v);
        term[7] = w * (x * v - y * u);
    }, sums);
    const double w = sums[0];
    if (w < 4.0) {
        return model;
    }
    const double mx = sums[1] / w, my = sums[2] / w, mu = sums[3] / w, mv = sums[4] / w;
    const double spread = sums[5] / w - mx * mx - my * my;
    double a = 0.0, b = 0.0;
    if (spread > 1.0) {
        a = (sums[6] / w - mx * mu - my * mv) / spread;
        b = (sums[7] / w - mx * mv + my * mu) / spread;
    }
    const double tx = mu - a * mx + b * my, ty = mv - b * mx - a * my;
    return Similarity{(float)a, (float)b, (float)tx, (float)ty};
}

INKCAST_BODY float reach(Similarity model, float x, float y) {
    const Flow at = model.at(x, y);
    return most(fabsf(at.dx), fabsf(at.dy));
}

// The similarity that most textured patches follow, or none.
template <typename Team>
INKCAST_BODY Similarity fit(Team &team, const Plane<Match> &matches, Similarity prior, float noise, Memory &memory) {
    const int count = collect(team, matches, noise, memory);
    const float x = (float)(matches.width * STEP / 2), y = (float)(matches.height * STEP / 2);
    Similarity best = NONE;
    float followers = support(team, memory, count, NONE);
    if (followers < CLEAR) {
        for (int i = 0; i < 2; i++) {
            if (i == 1 && !is_none(best) && followers > 0.5f) {
                continue;
            }
            Similarity model = i == 0 ? centred(prior, x, y) : median(team, memory, count);
            for (int round = 0; round < ROUNDS; round++) {
                model = next(team, memory, count, model);
            }
            const float found = support(team, memory, count, model);
            // A model that moves has to be better than none.
            if (found > followers * 1.02f + 0.01f) {
                best = model;
                followers = found;
            }
        }
    }
    const float farthest = most(most(most(reach(best, x, y), reach(best, -x, y)), reach(best, x, -y)), reach(best, -x, -y));
    return followers < SUPPORT || farthest < STILL ? NONE : centred(best, -x, -y);
}

}  // namespace camera
