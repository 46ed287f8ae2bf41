#include "densify/body.cuh"

extern "C" void inkcast_densify(Densify densify, Flow *flow, float *difference) {
    const int width = densify.current.width;
    for (int y = 0; y < densify.current.height; y++) {
        for (int x = 0; x < width; x++) {
            const Dense dense = dense_pixel(densify, x, y);
            flow[y * width + x] = dense.flow;
            difference[y * width + x] = dense.difference;
        }
    }
}
