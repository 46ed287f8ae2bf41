#include "emit/body.cuh"

extern "C" void inkcast_emit_packed(Plane<const Layer> page, Frame<const uint8_t> alpha, const ToRgb *how,
                                    Frame<uint8_t> frame) {
    for (int y = 0; y < frame.height; y++) {
        for (int x = 0; x < frame.width; x++) {
            emit_packed_pixel(x, y, page.at(x, y), alpha, *how, frame);
        }
    }
}

extern "C" void inkcast_emit_planar(Plane<const Layer> page, const ToLuma *how, Frame<uint8_t> frame) {
    for (int y = 0; 2 * y < frame.height; y++) {
        for (int x = 0; 2 * x < frame.width; x++) {
            emit_planar_block(x, y, page, *how, frame);
        }
    }
}
