#include "device/threads.cuh"
#include "emit/body.cuh"
#include "print/body.cuh"

// The page is drawn here, so that it never lies in memory. `how` is read anew for each frame.

extern "C" __global__ void __launch_bounds__(THREADS)
    emit_packed(Press press, Plane<const Turn> columns, Plane<const Turn> rows, const PageHow *how,
                Plane<const Pixel> source, Plane<const Layer> layers, Frame<const uint8_t> alpha, ToRgb to,
                Frame<uint8_t> frame) {
    const int x = thread_x(), y = thread_y();
    if (x < frame.width && y < frame.height) {
        const Page page = {press, Screens{columns, rows}, *how, source, layers};
        emit_packed_pixel(x, y, page.at(x, y), alpha, to, frame);
    }
}

// A thread for each block of 2x2 pixels.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    emit_planar(Press press, Plane<const Turn> columns, Plane<const Turn> rows, const PageHow *how,
                Plane<const Pixel> source, Plane<const Layer> layers, ToLuma to, Frame<uint8_t> frame) {
    const int x = thread_x(), y = thread_y();
    if (2 * x < frame.width && 2 * y < frame.height) {
        const Page page = {press, Screens{columns, rows}, *how, source, layers};
        emit_planar_block(x, y, page, to, frame);
    }
}
