#include "warp/body.cuh"

extern "C" void inkcast_warp(Plane<const Layer> layers, Plane<const uint8_t> age, Plane<const Flow> flow,
                             Plane<const float> confidence, int shift, Plane<Layer> out_layers,
                             Plane<uint8_t> out_confidence, Plane<uint8_t> out_age) {
    for (int y = 0; y < layers.height; y++) {
        for (int x = 0; x < layers.width; x++) {
            const Moved moved = moved_pixel(x, y, layers, age, flow, confidence, shift);
            out_layers.at(x, y) = moved.layers;
            out_confidence.at(x, y) = moved.confidence;
            out_age.at(x, y) = moved.age;
        }
    }
}
