#include "device/threads.cuh"
#include "pyramid/body.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) halve(Plane<const float> plane, Plane<float> half) {
    const int x = thread_x(), y = thread_y();
    if (x < half.width && y < half.height) {
        half.at(x, y) = halved(x, y, plane);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) halve_luma(Plane<const Pixel> picture, Plane<float> half) {
    const int x = thread_x(), y = thread_y();
    if (x < half.width && y < half.height) {
        half.at(x, y) = halved(x, y, picture);
    }
}
