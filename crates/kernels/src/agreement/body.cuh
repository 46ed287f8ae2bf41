// Whether the flow back leads to where a pixel of half the grid came from, and whether brightness is steady there.
#pragma once

#include "confidence/falling.cuh"
#include "device/language.cuh"

struct Halves {
    // At full size.
    Plane<const Flow> forward;
    // At half the size, rounded up.
    Plane<const Flow> backward;
    Plane<const float> difference;
    float steady, changed;
};

static constexpr int AROUND = 2;
static constexpr float AGREE[2] = {0.02f, 0.5f};
static constexpr float DISAGREE[2] = {0.06f, 1.5f};
static constexpr float PASSING = 2.0f;

// Mean change of luma around a pixel.
INKCAST_BODY float mean_change(const Halves &halves, int x, int y) {
    const Plane<const float> &difference = halves.difference;
    float sum = 0.0f;
    for (int i = -AROUND; i <= AROUND; i++) {
        float column = 0.0f;
        for (int j = -AROUND; j <= AROUND; j++) {
            column += difference.at_clamped(x + i, y + j);
        }
        sum = i == -AROUND ? column : sum + column;
    }
    const float count = (float)((2 * AROUND + 1) * (2 * AROUND + 1));
    return fabsf(sum / count);
}

INKCAST_BODY float square_of(float x, float y) { return x * x + y * y; }

INKCAST_BODY float agreement_at(const Halves &halves, int x, int y) {
    const Plane<const Flow> &forward = halves.forward, &backward = halves.backward;
    // The mean of four pixels, or of what the edge has of them.
    const int lower = least(2 * y + 1, forward.height - 1);
    const Flow a = forward.at(2 * x, 2 * y), c = forward.at(2 * x, lower);
    Flow there = {0.5f * (a.dx + c.dx), 0.5f * (a.dy + c.dy)};
    if (2 * x + 1 < forward.width) {
        const Flow b = forward.at(2 * x + 1, 2 * y), d = forward.at(2 * x + 1, lower);
        there = Flow{0.25f * ((a.dx + b.dx) + (c.dx + d.dx)), 0.25f * ((a.dy + b.dy) + (c.dy + d.dy))};
    }
    const float to_x = (float)x + 0.5f * there.dx, to_y = (float)y + 0.5f * there.dy;
    const float near_x = clamped(to_x, 0.0f, (float)(backward.width - 1));
    const float near_y = clamped(to_y, 0.0f, (float)(backward.height - 1));
    // Written so that a flow that is not a number counts as outside.
    if (!(fabsf(to_x - near_x) <= 0.5f && fabsf(to_y - near_y) <= 0.5f)) {
        return 0.0f;
    }
    const int column = least((int)(near_x + 0.5f), backward.width - 1);
    const int row = least((int)(near_y + 0.5f), backward.height - 1);
    const Flow half = backward.at(column, row), back = {2.0f * half.dx, 2.0f * half.dy};
    const float apart = square_of(there.dx + back.dx, there.dy + back.dy);
    const float speed = square_of(there.dx, there.dy) + square_of(back.dx, back.dy);
    const float agree = AGREE[0] * speed + AGREE[1], disagree = DISAGREE[0] * speed + DISAGREE[1];
    const float change = mean_change(halves, x, y) / (1.0f + PASSING * sqrtf(square_of(there.dx, there.dy)));
    const float steadiness = falling((halves.changed - change) * (1.0f / (halves.changed - halves.steady)));
    return steadiness * falling((disagree - apart) / (disagree - agree));
}
