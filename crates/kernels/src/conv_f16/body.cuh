// Convolutions of maps of f16, channels last, as products of matrices on tensor cores: 16 pixels of a row by 16
// channels times 16 channels by 8 outputs, summed in f32 over channels and taps (implicit GEMM).
//
// A block of threads computes a tile of pixels for some of the outputs. For 16 input channels after another it brings
// the pixels that the tile reads and their weights to shared memory, and while it multiplies, the next 16 are on their
// way.
//
// Whoever includes this has defined Block, PerThread and the macros INKCAST_BLOCK, INKCAST_UNROLLED and INKCAST_ROLLED
// before: `block.cuh` for the card.
#pragma once

#include "conv_f16/halves.cuh"

// What a convolution is of, apart from its memory. `ConvSize` in `mod.rs`.
struct ConvSize {
    // Of the input, in pixels, and its channels, a multiple of 8.
    int in_width, in_height, in_channels;
    // Of the result before pixels are shuffled, and its channels, a multiple of 8.
    int width, height, outputs;
    // Side of the block of pixels that the outputs of one are spread over: 1, or 2 to double the size.
    int spread;
    // Whether the sums come on top of what the result's map holds, and whether max(x, 0) comes last.
    int add, relu;
    // From sums of products to the units of the bias.
    float scale;
};

// Threads of a block, and how they share out a tile.
template <int KERNEL_SIDE, int STEP, int GROUP_COUNT> struct Tile {
    static constexpr int KERNEL = KERNEL_SIDE, STRIDE = STEP, TAPS = KERNEL * KERNEL;
    static constexpr int WARPS = 8, THREADS = 32 * WARPS;
    // Rows of 16 pixels for each warp. What a stride of 2 reads is larger, so its tile is lower.
    static constexpr int ROWS = STRIDE == 1 ? 2 : 1;
    static constexpr int WIDTH = 16, HEIGHT = WARPS * ROWS;
    // Groups of 16 outputs.
    static constexpr int GROUPS = GROUP_COUNT, OUTPUTS = 16 * GROUPS;
    // Neighbouring outputs that a thread holds, which the order of the weights sees to.
    static constexpr int VECTOR = GROUPS == 1 ? 4 : 8;

    // Pixels that the tile reads.
    static constexpr int IN_WIDTH = (WIDTH - 1) * STRIDE + KERNEL, IN_HEIGHT = (HEIGHT - 1) * STRIDE + KERNEL;
    // Shared memory in slots of 16 bytes: two for 16 channels of a pixel, one for each thread's weights of a group.
    static constexpr int PIXEL_SLOTS = 2 * IN_WIDTH * IN_HEIGHT, WEIGHT_SLOTS = TAPS * GROUPS * 32;
    static constexpr int SLOTS = PIXEL_SLOTS + WEIGHT_SLOTS;

    // Where a pixel of those lies. With a stride of 2 even columns come before odd ones, so that one tap's are
    // neighbours.
    INKCAST_MEMBER static constexpr int place(int x, int y) {
        const int column = STRIDE == 1 ? x : x % 2 * ((IN_WIDTH + 1) / 2) + x / 2;
        return y * IN_WIDTH + column;
    }

    // The slot of channels 8 `half` and up of the pixel at a place. Of eight neighbouring places, which are read
    // together, no two are in the same banks: slots repeat them after eight, and every fourth place has its halves
    // exchanged.
    INKCAST_MEMBER static constexpr int slot(int place, int half) { return 2 * place + (half ^ (place >> 2 & 1)); }
};

// Numbers that are loaded together.
struct INKCAST_ALIGNED(16) Four {
    float of[4];
};

// The most frames of a launch. `MOST_FRAMES` in `mod.rs`.
static constexpr int MOST_FRAMES = 8;

// Which tile a block computes, for which group of outputs, of which frame.
struct TileAt {
    int x, y, outputs, frame;
};

// The grid is of tiles across, tiles down, and groups of outputs of one frame after another.
template <class T> INKCAST_BLOCK TileAt tile_at(ConvSize size, int x, int y, int z) {
    const int groups = (size.outputs + T::OUTPUTS - 1) / T::OUTPUTS;
    return TileAt{x, y, z % groups, z / groups};
}

// Brings 16 channels from `16 * chunk` of a map. Channels and pixels outside are zero.
struct FromMap {
    // Of one frame after another.
    const Vector<8> *map;

    INKCAST_BLOCK FromMap of_frame(ConvSize size, int frame) const {
        return FromMap{map + (size_t)frame * size.in_width * size.in_height * (size.in_channels / 8)};
    }

    template <class T> INKCAST_BLOCK void bring(Block &block, ConvSize size, TileAt tile, int chunk, int first) const {
        const int left = tile.x * T::WIDTH * T::STRIDE - T::KERNEL / 2;
        const int top = tile.y * T::HEIGHT * T::STRIDE - T::KERNEL / 2;
        const int vectors = size.in_channels / 8;
        block.each_thread([&](int thread) {
            INKCAST_ROLLED
            for (int at = thread; at < T::PIXEL_SLOTS; at += T::THREADS) {
                const int half = at % 2, column = at / 2 % T::IN_WIDTH, row = at / 2 / T::IN_WIDTH;
                const int x = left + column, y = top + row, vector = 2 * chunk + half;
                const bool inside = x >= 0 && x < size.in_width && y >= 0 && y < size.in_height && vector < vectors;
                // A source that is not read has to be an address all the same.
                const Vector<8> *source = map + (inside ? ((size_t)y * size.in_width + x) * vectors + vector : 0);
                block.copy(thread, first + T::slot(T::place(column, row), half), source, inside);
            }
        });
    }
};

// Brings an unshuffled picture, and what is carried from the previous frame, as codes 0..255 in the order of
// `inkcast_kernels::shuffle::CARRIED_CHANNELS`.
struct FromPicture {
    Plane<const Pixel> picture;
    // Nothing is carried where `data` is null.
    Plane<const Layer> layers;
    Plane<const uint8_t> confidence;

    // Four codes as two pairs.
    INKCAST_BLOCK static void put(Vector<8> &vector, int pixel, int a, int b, int c, int d) {
        vector.pair[2 * pixel] = pair_of((float)a, (float)b);
        vector.pair[2 * pixel + 1] = pair_of((float)c, (float)d);
    }

    // Eight channels of a block of 2x2 pixels: those of the two pixels of a row, of the picture or of the layers.
    INKCAST_BLOCK Vector<8> vector_at(int x, int y, int index) const {
        const bool carries = layers.data;
        Vector<8> vector;
        const int row = least(2 * y + index % 2, picture.height - 1);
        for (int i = 0; i < 2; i++) {
            const int column = least(2 * x + i, picture.width - 1);
            if (index < 2) {
                const Pixel pixel = picture.at(column, row);
                const int trust = carries ? confidence.at(column, row) : 0;
                put(vector, i, pixel.of[0], pixel.of[1], pixel.of[2], trust);
            } else if (carries) {
                const Layer layer = layers.at(column, row);
                int code[4];
                for (int c = 0; c < 4; c++) {
                    code[c] = (layer.of[c] + LAYER_STEP / 2) / LAYER_STEP;
                }
                put(vector, i, code[0], code[1], code[2], code[3]);
            } else {
                put(vector, i, 0, 0, 0, 0);
            }
        }
        return vector;
    }

    template <class T> INKCAST_BLOCK void bring(Block &block, ConvSize size, TileAt tile, int chunk, int first) const {
        const int left = tile.x * T::WIDTH - T::KERNEL / 2, top = tile.y * T::HEIGHT - T::KERNEL / 2;
        block.each_thread([&](int thread) {
            for (int at = thread; at < T::PIXEL_SLOTS; at += T::THREADS) {
                const int half = at % 2, column = at / 2 % T::IN_WIDTH, row = at / 2 / T::IN_WIDTH;
                const int x = left + column, y = top + row;
                const bool inside = x >= 0 && x < size.in_width && y >= 0 && y < size.in_height;
                const Vector<8> zero = {};
                const Vector<8> vector = inside ? vector_at(x, y, 2 * chunk + half) : zero;
                block.store(thread, first + T::slot(T::place(column, row), half), vector);
            }
        });
    }
};

// What the frames of a launch bring, all of one size.
struct FromPictures {
    struct Frame {
        const Pixel *picture;
        const Layer *layers;
        const uint8_t *confidence;
    } frames[MOST_FRAMES];
    int width, height;

    INKCAST_BLOCK FromPicture of_frame(ConvSize, int frame) const {
        return FromPicture{
            {frames[frame].picture, width, height},
            {frames[frame].layers, width, height},
            {frames[frame].confidence, width, height},
        };
    }
};

// Writes to a map, or adds to it. A place is read and written by one thread.
struct ToMap {
    // Of one frame after another.
    uint16_t *map;

    INKCAST_BLOCK ToMap of_frame(ConvSize size, int frame) const {
        return ToMap{map + (size_t)frame * size.width * size.height * size.outputs};
    }

    template <int COUNT>
    INKCAST_BLOCK void put(ConvSize size, int x, int y, int output, const float (&sums)[COUNT]) const {
        const int channels = size.outputs / (size.spread * size.spread), part = output / channels;
        const size_t row = (size_t)y * size.spread + part / size.spread;
        const size_t pixel = row * size.width * size.spread + (size_t)x * size.spread + part % size.spread;
        const size_t at = pixel * channels + output % channels;
        Vector<COUNT> more = {};
        if (size.add) {
            more = *reinterpret_cast<const Vector<COUNT> *>(map + at);
        }
        Vector<COUNT> vector;
        for (int i = 0; i < COUNT / 2; i++) {
            float low, high;
            floats_of(more.pair[i], low, high);
            low += sums[2 * i];
            high += sums[2 * i + 1];
            if (size.relu) {
                low = most(low, 0.0f);
                high = most(high, 0.0f);
            }
            vector.pair[i] = pair_of(within_halves(low), within_halves(high));
        }
        *reinterpret_cast<Vector<COUNT> *>(map + at) = vector;
    }

    INKCAST_BLOCK static float within_halves(float value) { return clamped(value, -LARGEST_HALF, LARGEST_HALF); }
};

// What each unit of red, green and blue of the source adds to the four layers: `inkcast_kernels::shuffle::Source`.
struct Source {
    Four columns[3];
};

// Writes layers: sums are what the network changes, four layers for each pixel of a block of 2x2, in the units of
// layers.
struct ToLayers {
    Plane<const Pixel> picture;
    Plane<Layer> layers;
    Source source;

    template <int COUNT> INKCAST_BLOCK void put(ConvSize, int x, int y, int output, const float (&sums)[COUNT]) const {
        static_assert(COUNT == 4, "a thread holds the layers of a pixel");
        const int column = 2 * x + output / 4 % 2, row = 2 * y + output / 8;
        if (column >= picture.width || row >= picture.height) {
            return;
        }
        const Pixel pixel = picture.at(column, row);
        const float red = pixel.of[0], green = pixel.of[1], blue = pixel.of[2];
        Layer layer;
        for (int c = 0; c < 4; c++) {
            const float base =
                red * source.columns[0].of[c] + green * source.columns[1].of[c] + blue * source.columns[2].of[c];
            layer.of[c] = (int16_t)rintf(clamped(base + sums[c], 0.0f, (float)LAYER_ONE));
        }
        layers.at(column, row) = layer;
    }
};

// Where the frames of a launch go, all of one size.
struct ToManyLayers {
    struct Frame {
        const Pixel *picture;
        Layer *layers;
    } frames[MOST_FRAMES];
    int width, height;
    const Source *source;

    INKCAST_BLOCK ToLayers of_frame(ConvSize, int frame) const {
        return ToLayers{{frames[frame].picture, width, height}, {frames[frame].layers, width, height}, *source};
    }
};

// The products of 16 channels, of all taps.
template <class T>
INKCAST_BLOCK void multiply_chunk(Block &block, PerThread<Sum> (&sums)[T::ROWS][2 * T::GROUPS], int first) {
    INKCAST_UNROLLED
    for (int tap = 0; tap < T::TAPS; tap++) {
        PerThread<Vector<8>> pixels[T::ROWS];
        INKCAST_UNROLLED
        for (int row = 0; row < T::ROWS; row++) {
            // The matrices are pixels 0..8 and 8..16 of their first 8 channels, then of their last.
            block.load_matrices(pixels[row], [&](int thread) {
                const int lane = thread % 32, x = lane % 16, y = thread / 32 * T::ROWS + row;
                const int place = T::place(x * T::STRIDE + tap % T::KERNEL, y * T::STRIDE + tap / T::KERNEL);
                return first + T::slot(place, lane / 16);
            });
        }
        INKCAST_UNROLLED
        for (int group = 0; group < T::GROUPS; group++) {
            PerThread<Vector<8>> weights;
            block.each_thread([&](int thread) {
                const int slot = T::PIXEL_SLOTS + (tap * T::GROUPS + group) * 32 + thread % 32;
                weights[thread] = block.load(thread, first + slot);
            });
            INKCAST_UNROLLED
            for (int row = 0; row < T::ROWS; row++) {
                block.multiply(sums[row][2 * group], pixels[row], weights, 0);
                block.multiply(sums[row][2 * group + 1], pixels[row], weights, 1);
            }
        }
    }
}

// The whole of what the block at a place of the grid does. `weights` and `bias` are packed as `PackedConvF16` has them;
// its shared memory has room for two stages of Tile::SLOTS, or for one if there are no more than 16 input channels.
template <class T, class Froms, class Tos>
INKCAST_BLOCK void conv_block(Block &block, ConvSize size, TileAt tile, const Froms &froms, const Vector<8> *weights,
                              const Four *bias, const Tos &tos) {
    const auto from = froms.of_frame(size, tile.frame);
    const auto to = tos.of_frame(size, tile.frame);
    const int chunks = (size.in_channels + 15) / 16;
    PerThread<Sum> sums[T::ROWS][2 * T::GROUPS];
    block.each_thread([&](int thread) {
        for (auto &row : sums) {
            for (auto &sum : row) {
                sum[thread] = Sum{{0.0f, 0.0f, 0.0f, 0.0f}};
            }
        }
    });

    const auto bring = [&](int chunk) {
        const int first = chunk % 2 * T::SLOTS;
        from.template bring<T>(block, size, tile, chunk, first);
        const Vector<8> *source = weights + ((size_t)tile.outputs * chunks + chunk) * T::WEIGHT_SLOTS;
        block.each_thread([&](int thread) {
            INKCAST_ROLLED
            for (int at = thread; at < T::WEIGHT_SLOTS; at += T::THREADS) {
                block.copy(thread, first + T::PIXEL_SLOTS + at, source + at, true);
            }
            block.commit(thread);
        });
    };

    bring(0);
    INKCAST_ROLLED
    for (int chunk = 0; chunk < chunks; chunk++) {
        block.each_thread([&](int thread) { block.wait(thread); });
        // Every thread's part has arrived, and nobody reads the other stage any more.
        block.barrier();
        if (chunk + 1 < chunks) {
            bring(chunk + 1);
        }
        multiply_chunk<T>(block, sums, chunk % 2 * T::SLOTS);
    }

    block.each_thread([&](int thread) {
        const int lane = thread % 32, first = tile.outputs * T::OUTPUTS + lane % 4 * T::VECTOR;
        INKCAST_UNROLLED
        for (int unit = 0; unit < T::OUTPUTS / (4 * T::VECTOR); unit++) {
            const int output = first + unit * 4 * T::VECTOR;
            Four start[T::VECTOR / 4];
            INKCAST_UNROLLED
            for (int i = 0; i < T::VECTOR / 4; i++) {
                start[i] = bias[output / 4 + i];
            }
            INKCAST_UNROLLED
            for (int row = 0; row < 2 * T::ROWS; row++) {
                const int x = tile.x * T::WIDTH + row % 2 * 8 + lane / 4;
                const int y = tile.y * T::HEIGHT + thread / 32 * T::ROWS + row / 2;
                float values[T::VECTOR];
                INKCAST_UNROLLED
                for (int i = 0; i < T::VECTOR; i++) {
                    const Sum &sum = sums[row / 2][unit * T::VECTOR / 2 + i / 2][thread];
                    values[i] = sum.value[row % 2 * 2 + i % 2] * size.scale + start[i / 4].of[i % 4];
                }
                if (x < size.width && y < size.height && output < size.outputs) {
                    to.put(size, x, y, output, values);
                }
            }
        }
    });
}
