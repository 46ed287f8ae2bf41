#include "planar/body.cuh"

extern "C" void inkcast_planar_picture(Plane<const Pixel> picture, Planes<float> planes) {
    for (int y = 0; y < planes.height; y++) {
        for (int x = 0; x < planes.width; x++) {
            picture_at(x, y, picture, planes);
        }
    }
}

extern "C" void inkcast_planar_carried(Plane<const Layer> layers, Plane<const uint8_t> confidence,
                                       Planes<float> planes) {
    for (int y = 0; y < planes.height; y++) {
        for (int x = 0; x < planes.width; x++) {
            carried_at(x, y, layers, confidence, planes);
        }
    }
}

extern "C" void inkcast_planar_layers(Planes<const float> planes, Plane<Layer> layers) {
    for (int y = 0; y < layers.height; y++) {
        for (int x = 0; x < layers.width; x++) {
            layers.at(x, y) = layer_at(x, y, planes);
        }
    }
}
