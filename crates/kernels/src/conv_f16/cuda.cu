// Entry points of the convolutions: one for each shape of a tile, named after kernel, stride and outputs of a block.
#include "conv_f16/block.cuh"
#include "conv_f16/body.cuh"

// The slots that the launch asks for.
extern __shared__ Vector<8> shared_slots[];

static __device__ inline TileAt tile_at() { return TileAt{(int)blockIdx.x, (int)blockIdx.y, (int)blockIdx.z}; }

#define CONV(name, kernel, stride, groups)                                                                             \
    extern "C" __global__ void __launch_bounds__(256, 2)                                                               \
        name(ConvSize size, const Vector<8> *map, const Vector<8> *weights, const Four *bias, uint16_t *output) {      \
        Block block(shared_slots);                                                                                     \
        conv_tile<Tile<kernel, stride, groups>>(block, size, tile_at(), FromMap{map}, weights, bias, ToMap{output});   \
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
        name(ConvSize size, Plane<const Pixel> picture, Plane<const Layer> layers, Plane<const uint8_t> confidence,    \
             const uint32_t *history, const Vector<8> *weights, const Four *bias, uint16_t *output) {                  \
        Block block(shared_slots);                                                                                     \
        conv_tile<Tile<3, 1, groups>>(block, size, tile_at(), FromPicture{picture, layers, confidence, history},       \
                                      weights, bias, ToMap{output});                                                   \
    }

ENTER(conv_f16_enter_16, 1)
ENTER(conv_f16_enter_32, 2)
ENTER(conv_f16_enter_64, 4)

extern "C" __global__ void __launch_bounds__(256, 2)
    conv_f16_exit(ConvSize size, const Vector<8> *map, const Vector<8> *weights, const Four *bias,
                  Plane<const Pixel> picture, const Source *source, Plane<Layer> layers) {
    Block block(shared_slots);
    conv_tile<Tile<3, 1, 1>>(block, size, tile_at(), FromMap{map}, weights, bias, ToLayers{picture, layers, *source});
}
