#include "device/threads.cuh"
#include "ingest/body.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    ingest_packed(Frame<const uint8_t> frame, FromRgb how, Plane<Pixel> picture) {
    const int x = thread_x(), y = thread_y();
    if (x < picture.width && y < picture.height) {
        picture.at(x, y) = packed_pixel(x, y, frame, how);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    ingest_planar(Frame<const uint8_t> frame, FromLuma how, Plane<Pixel> picture) {
    const int x = thread_x(), y = thread_y();
    if (x < picture.width && y < picture.height) {
        picture.at(x, y) = planar_pixel(x, y, frame, how);
    }
}
