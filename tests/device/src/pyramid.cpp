#include "pyramid/body.cuh"

template <typename T> static void halve(Plane<const T> plane, Plane<float> half) {
    for (int y = 0; y < half.height; y++) {
        for (int x = 0; x < half.width; x++) {
            half.at(x, y) = halved(x, y, plane);
        }
    }
}

extern "C" void inkcast_halve(Plane<const float> plane, Plane<float> half) { halve(plane, half); }

extern "C" void inkcast_halve_luma(Plane<const Pixel> picture, Plane<float> half) { halve(picture, half); }
