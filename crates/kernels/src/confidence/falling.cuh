#pragma once

#include "device/language.cuh"

// From 0 to 1 as `t` does, smoothly. What is not a number is not trusted.
INKCAST_BODY float falling(float t) {
    t = t > 0.0f ? least(t, 1.0f) : 0.0f;
    return t * t * (3.0f - 2.0f * t);
}
