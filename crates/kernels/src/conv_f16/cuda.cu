// Entry points of the convolutions: one for each shape of a tile, named after kernel, stride and outputs of a block.
#include "conv_f16/block.cuh"
#include "conv_f16/body.cuh"

// The slots that the launch asks for.
extern __shared__ Vector<8> shared_slots[];

template <class T, class Froms, class Tos>
static __device__ inline void run(ConvSize size, const Froms &froms, const Vector<8> *weights, const Four *bias,
                                  const Tos &tos) {
    Block block(shared_slots);
    const TileAt tile = tile_at<T>(size, (int)blockIdx.x, (int)blockIdx.y, (int)blockIdx.z);
    conv_block<T>(block, size, tile, froms, weights, bias, tos);
}

#define CONV(name, kernel, stride, groups)                                                                             \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                               \
        name(ConvSize size, const Vector<8> *map, const Vector<8> *weights, const Four *bias, uint16_t *output) {      \
        run<Tile<kernel, stride, groups>>(size, FromMap{map}, weights, bias, ToMap{output});                           \
    }

CONV(conv_f16_3_1_16, 3, 1, 1)
CONV(conv_f16_3_1_32, 3, 1, 2)
CONV(conv_f16_3_1_64, 3, 1, 4)
CONV(conv_f16_3_2_16, 3, 2, 1)
CONV(conv_f16_3_2_32, 3, 2, 2)
CONV(conv_f16_3_2_64, 3, 2, 4)
CONV(conv_f16_1_1_16, 1, 1, 1)
CONV(conv_f16_1_1_32, 1, 1, 2)
CONV(conv_f16_1_1_64, 1, 1, 4)

#define ENTER(name, groups)                                                                                            \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                               \
        name(ConvSize size, const __grid_constant__ FromPictures pictures, const Vector<8> *weights, const Four *bias, \
             uint16_t *output) {                                                                                       \
        run<Tile<3, 1, groups>>(size, pictures, weights, bias, ToMap{output});                                         \
    }

ENTER(conv_f16_enter_16, 1)
ENTER(conv_f16_enter_32, 2)
ENTER(conv_f16_enter_64, 4)

extern "C" __global__ void __launch_bounds__(256, 2)
    conv_f16_exit(ConvSize size, const Vector<8> *map, const Vector<8> *weights, const Four *bias,
                  const __grid_constant__ ToManyLayers layers) {
    run<Tile<3, 1, 1>>(size, FromMap{map}, weights, bias, layers);
}
