// Runs `conv_f16/body.cuh` block by block.
#include <stdlib.h>

#include "block.hpp"
#include "conv_f16/body.cuh"

namespace {

struct Run {
    ConvSize size;
    const Vector<8> *weights;
    const Four *bias;
    // As the launch would have it.
    int grid[3];
    // Slots of 16 bytes that the launch would ask for.
    int slots;
    // Blocks and their threads run from the last to the first.
    int backwards;

    template <class T, class From, class To> int of(const From &from, const To &to) const {
        static_assert(T::THREADS == BLOCK_THREADS, "the block's threads");
        BlockMemory *memory = static_cast<BlockMemory *>(malloc(sizeof(BlockMemory)));
        Slot *shared = static_cast<Slot *>(malloc(sizeof(Slot) * slots));
        if (!memory || !shared) {
            abort();
        }
        memory->slots = shared;
        memory->count = slots;
        const int blocks = grid[0] * grid[1] * grid[2];
        int faults = 0;
        for (int n = 0; n < blocks; n++) {
            const int index = backwards ? blocks - 1 - n : n;
            Block block(*memory, backwards);
            const TileAt tile =
                tile_at<T>(size, index % grid[0], index / grid[0] % grid[1], index / grid[0] / grid[1]);
            conv_block<T>(block, size, tile, from, weights, bias, to);
            faults += block.faults();
        }
        free(shared);
        free(memory);
        return faults;
    }

    // With as many groups of 16 outputs for a block as `outputs` says.
    template <int KERNEL, int STRIDE, class From, class To>
    int with(int outputs, const From &from, const To &to) const {
        switch (outputs) {
        case 16:
            return of<Tile<KERNEL, STRIDE, 1>>(from, to);
        case 32:
            return of<Tile<KERNEL, STRIDE, 2>>(from, to);
        case 64:
            return of<Tile<KERNEL, STRIDE, 4>>(from, to);
        default:
            return -1;
        }
    }
};

} // namespace

extern "C" int inkcast_conv_f16(const Run &run, int kernel, int stride, int outputs, const Vector<8> *map,
                                uint16_t *output) {
    const FromMap from{map};
    const ToMap to{output};
    switch (10 * kernel + stride) {
    case 31:
        return run.with<3, 1>(outputs, from, to);
    case 32:
        return run.with<3, 2>(outputs, from, to);
    case 11:
        return run.with<1, 1>(outputs, from, to);
    default:
        return -1;
    }
}

extern "C" int inkcast_conv_f16_enter(const Run &run, int outputs, const FromPictures &pictures, uint16_t *output) {
    return run.with<3, 1>(outputs, pictures, ToMap{output});
}

extern "C" int inkcast_conv_f16_exit(const Run &run, const Vector<8> *map, const ToManyLayers &layers) {
    return run.of<Tile<3, 1, 1>>(FromMap{map}, layers);
}

extern "C" uint32_t inkcast_half_bits(float value) { return half_bits(value); }

extern "C" float inkcast_half_value(uint32_t half) { return half_value(half); }
