// How far the flow of a pixel can be trusted.
#pragma once

#include "confidence/falling.cuh"
#include "device/language.cuh"

struct Evidence {
    Plane<const Flow> flow;
    Plane<const float> difference;
    // At half the size, rounded up.
    Plane<const float> agreement;
    float trusted, doubted;
};

static constexpr float SMOOTH[2] = {0.014f, 0.0007f};
static constexpr float TORN[2] = {0.04f, 0.002f};

INKCAST_BODY float confidence_at(const Evidence &evidence, int x, int y) {
    const Plane<const Flow> &flow = evidence.flow;
    float columns[3];
    for (int i = 0; i < 3; i++) {
        float sum = 0.0f;
        for (int j = -1; j <= 1; j++) {
            sum += fabsf(evidence.difference.at_clamped(x + i - 1, y + j));
        }
        columns[i] = sum;
    }
    const Flow left = flow.at_clamped(x - 1, y), right = flow.at_clamped(x + 1, y);
    const Flow up = flow.at_clamped(x, y - 1), down = flow.at_clamped(x, y + 1), here = flow.at(x, y);
    const float ux = 0.5f * (right.dx - left.dx), vx = 0.5f * (right.dy - left.dy);
    const float uy = 0.5f * (down.dx - up.dx), vy = 0.5f * (down.dy - up.dy);
    const float bend = (ux * ux + vx * vx) + (uy * uy + vy * vy);
    const float speed = here.dx * here.dx + here.dy * here.dy;
    const float smooth = SMOOTH[0] * speed + SMOOTH[1], torn = TORN[0] * speed + TORN[1];
    const float judged = falling((torn - bend) / (torn - smooth));
    const float mean = (columns[0] + columns[1] + columns[2]) * (1.0f / 9.0f);
    const float explained = falling((evidence.doubted - mean) * (1.0f / (evidence.doubted - evidence.trusted)));
    return judged * explained * evidence.agreement.at(x / 2, y / 2);
}

// A confidence as a whole number of steps, so that a sum does not depend on its order: `STEPS` in `mod.rs`.
static constexpr float CONFIDENCE_STEPS = 65536.0f;

INKCAST_BODY uint32_t confidence_steps(float confidence) { return (uint32_t)(confidence * CONFIDENCE_STEPS); }
