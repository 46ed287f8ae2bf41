#include "compose/body.cuh"

extern "C" void inkcast_compose(Plane<const Layer> fresh, Plane<Layer> layers, Plane<const uint8_t> confidence,
                                Plane<uint8_t> age, const Limits *limits, uint64_t *sums) {
    for (int y = 0; y < fresh.height; y++) {
        for (int x = 0; x < fresh.width; x++) {
            Range around = {fresh.at(x, y), fresh.at(x, y)};
            for (int down = -RADIUS; down <= RADIUS; down++) {
                for (int right = -RADIUS; right <= RADIUS; right++) {
                    const Layer near = fresh.at_clamped(x + right, y + down);
                    widen(around, Range{near, near});
                }
            }
            const Settled settled =
                settled_pixel(fresh.at(x, y), around, layers.at(x, y), confidence.at(x, y), age.at(x, y), *limits);
            layers.at(x, y) = settled.layers;
            age.at(x, y) = settled.age;
            sums[0] += settled.counted.weight;
            sums[1] += settled.counted.change;
            sums[2] += settled.counted.trusted;
        }
    }
}
