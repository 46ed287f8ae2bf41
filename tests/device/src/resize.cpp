#include "resize/body.cuh"

template <typename T> static void shrink(Plane<const T> plane, Plane<T> small) {
    for (int y = 0; y < small.height; y++) {
        for (int x = 0; x < small.width; x++) {
            small.at(x, y) = mean_pixel(x, y, plane, small.width, small.height);
        }
    }
}

extern "C" void inkcast_shrink_picture(Plane<const Pixel> picture, Plane<Pixel> small) { shrink(picture, small); }

extern "C" void inkcast_shrink_layers(Plane<const Layer> layers, Plane<Layer> small) { shrink(layers, small); }

extern "C" void inkcast_shrink_confidence(Plane<const uint8_t> confidence, Plane<uint8_t> small) {
    for (int y = 0; y < small.height; y++) {
        for (int x = 0; x < small.width; x++) {
            small.at(x, y) = least_of_area(x, y, confidence, small.width, small.height);
        }
    }
}

extern "C" void inkcast_enlarge(Plane<const Layer> small, Plane<const Pixel> small_picture, Plane<const Pixel> picture,
                                const Ink *how, Plane<Layer> layers) {
    for (int y = 0; y < layers.height; y++) {
        for (int x = 0; x < layers.width; x++) {
            layers.at(x, y) = enlarged_pixel(x, y, small, small_picture, picture, *how);
        }
    }
}
