#include "ingest/body.cuh"

extern "C" void inkcast_ingest_packed(Frame<const uint8_t> frame, const FromRgb *how, Plane<Pixel> picture) {
    for (int y = 0; y < picture.height; y++) {
        for (int x = 0; x < picture.width; x++) {
            picture.at(x, y) = packed_pixel(x, y, frame, *how);
        }
    }
}

extern "C" void inkcast_ingest_planar(Frame<const uint8_t> frame, const FromLuma *how, Plane<Pixel> picture) {
    for (int y = 0; y < picture.height; y++) {
        for (int x = 0; x < picture.width; x++) {
            picture.at(x, y) = planar_pixel(x, y, frame, *how);
        }
    }
}
