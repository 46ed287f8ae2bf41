#include "device/threads.cuh"
#include "resize/body.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) shrink_picture(Plane<const Pixel> picture, Plane<Pixel> small) {
    const int x = thread_x(), y = thread_y();
    if (x < small.width && y < small.height) {
        small.at(x, y) = mean_pixel(x, y, picture, small.width, small.height);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) shrink_layers(Plane<const Layer> layers, Plane<Layer> small) {
    const int x = thread_x(), y = thread_y();
    if (x < small.width && y < small.height) {
        small.at(x, y) = mean_pixel(x, y, layers, small.width, small.height);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    shrink_confidence(Plane<const uint8_t> confidence, Plane<uint8_t> small) {
    const int x = thread_x(), y = thread_y();
    if (x < small.width && y < small.height) {
        small.at(x, y) = least_of_area(x, y, confidence, small.width, small.height);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    enlarge(Plane<const Layer> small, Plane<const Pixel> small_picture, Plane<const Pixel> picture, Ink how,
            Plane<Layer> layers) {
    const int x = thread_x(), y = thread_y();
    if (x < layers.width && y < layers.height) {
        layers.at(x, y) = enlarged_pixel(x, y, small, small_picture, picture, how);
    }
}
