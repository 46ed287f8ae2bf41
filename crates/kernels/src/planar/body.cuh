// Planes of tensors from pixels, and layers from planes.
#pragma once

#include "device/language.cuh"

// Planes one after another, of a size that is completed to multiples of 4.
template <typename T> struct Planes {
    T *data;
    int width, height;

    INKCAST_MEMBER T &at(int plane, int x, int y) const { return data[((size_t)plane * height + y) * width + x]; }
};

INKCAST_BODY void picture_at(int x, int y, Plane<const Pixel> picture, Planes<float> planes) {
    const Pixel pixel = picture.at_clamped(x, y);
    for (int c = 0; c < 3; c++) {
        planes.at(c, x, y) = (float)pixel.of[c] / 255.0f;
    }
}

INKCAST_BODY void carried_at(int x, int y, Plane<const Layer> layers, Plane<const uint8_t> confidence,
                             Planes<float> planes) {
    const Layer layer = layers.at_clamped(x, y);
    for (int c = 0; c < 4; c++) {
        planes.at(c, x, y) = (float)layer.of[c] / (float)LAYER_ONE;
    }
    planes.at(4, x, y) = (float)confidence.at_clamped(x, y) / 255.0f;
}

INKCAST_BODY Layer layer_at(int x, int y, Planes<const float> planes) {
    Layer layer;
    for (int c = 0; c < 4; c++) {
        layer.of[c] = (int16_t)rintf(clamped(planes.at(c, x, y), 0.0f, 1.0f) * (float)LAYER_ONE);
    }
    return layer;
}
