#include "device/threads.cuh"
#include "planar/body.cuh"

// A thread for each place of the planes.
extern "C" __global__ void __launch_bounds__(THREADS) planar_picture(Plane<const Pixel> picture, Planes<float> planes) {
    const int x = thread_x(), y = thread_y();
    if (x < planes.width && y < planes.height) {
        picture_at(x, y, picture, planes);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    planar_carried(Plane<const Layer> layers, Plane<const uint8_t> confidence, Planes<float> planes) {
    const int x = thread_x(), y = thread_y();
    if (x < planes.width && y < planes.height) {
        carried_at(x, y, layers, confidence, planes);
    }
}

// A thread for each pixel.
extern "C" __global__ void __launch_bounds__(THREADS) planar_layers(Planes<const float> planes, Plane<Layer> layers) {
    const int x = thread_x(), y = thread_y();
    if (x < layers.width && y < layers.height) {
        layers.at(x, y) = layer_at(x, y, planes);
    }
}
