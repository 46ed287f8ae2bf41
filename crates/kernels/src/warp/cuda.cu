#include "device/threads.cuh"
#include "device/verdict.cuh"
#include "warp/body.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    warp(Plane<const Layer> layers, Plane<const uint8_t> age, Plane<const Flow> flow, Plane<const float> confidence,
         int shift, const uint32_t *verdict, Plane<Layer> out_layers, Plane<uint8_t> out_confidence,
         Plane<uint8_t> out_age) {
    const int x = thread_x(), y = thread_y();
    if (x >= layers.width || y >= layers.height) {
        return;
    }
    Moved moved;
    if (*verdict & CUT) {
        moved = nothing();
    } else if (*verdict & REPEATED) {
        moved = Moved{layers.at(x, y), 255, age.at(x, y)};
    } else {
        moved = moved_pixel(x, y, layers, age, flow, confidence, shift);
    }
    out_layers.at(x, y) = moved.layers;
    out_confidence.at(x, y) = moved.confidence;
    out_age.at(x, y) = moved.age;
}
