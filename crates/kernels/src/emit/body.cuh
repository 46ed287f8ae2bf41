// From pixels of a page, as layers without ink, to the bytes of a frame.
#pragma once

#include "device/frame.cuh"

// Fraction bits of the coefficients, and of a sum of products with values of layers.
static constexpr int COEFFICIENT_BITS = 15;
static constexpr int SUM_BITS = COEFFICIENT_BITS + 7;

// How packed RGB is written: bytes a pixel and where its samples are, the range of codes, and where the frame that lends
// its alpha has it: bytes a pixel, 0 for none, and the offset.
struct ToRgb {
    int pixel, r, g, b;
    int scale, black;
    int alpha_pixel, alpha_offset;
};

// How Y'CbCr is written: bytes of a sample and where its bits are, then weights of red, green and blue, codes, and the
// fraction bits of a sum.
struct ToLuma {
    int bytes, shift_up, interleaved;
    int luma[3], cb[3], cr[3];
    int black, grey, most, shift;
};

INKCAST_BODY uint8_t rgb_code(int value, ToRgb how) {
    const int bias = (how.black << SUM_BITS) + (1 << (SUM_BITS - 1));
    return (uint8_t)clamped((value * how.scale + bias) >> SUM_BITS, 0, 255);
}

INKCAST_BODY void emit_packed_pixel(int x, int y, Layer drawn, Frame<const uint8_t> alpha, ToRgb how,
                                    Frame<uint8_t> frame) {
    uint8_t *out = frame.row(0, y) + (size_t)x * how.pixel;
    out[how.r] = rgb_code(drawn.of[0], how);
    out[how.g] = rgb_code(drawn.of[1], how);
    out[how.b] = rgb_code(drawn.of[2], how);
    if (how.pixel == 4) {
        out[3] = how.alpha_pixel ? alpha.row(0, y)[(size_t)x * how.alpha_pixel + how.alpha_offset] : 255;
    }
}

INKCAST_BODY int weighed(const int colour[3], const int weights[3], int zero, ToLuma how) {
    const int bias = (zero << how.shift) + (1 << (how.shift - 1));
    const int sum = colour[0] * weights[0] + colour[1] * weights[1] + colour[2] * weights[2];
    return clamped((sum + bias) >> how.shift, 0, how.most);
}

INKCAST_BODY void put_sample(uint8_t *row, int index, int code, ToLuma how) {
    if (how.bytes == 1) {
        row[index] = (uint8_t)code;
        return;
    }
    const int both = code << how.shift_up;
    row[2 * index] = (uint8_t)both;
    row[2 * index + 1] = (uint8_t)(both >> 8);
}

// Writes the luma of block `(x, y)` of 2x2 pixels and its chroma, the mean of the four. A last odd row or column is its own
// neighbour.
template <typename Drawing>
INKCAST_BODY void emit_planar_block(int x, int y, const Drawing &page, ToLuma how, Frame<uint8_t> frame) {
    int sums[3] = {2, 2, 2};
    for (int down = 0; down < 2; down++) {
        const int row = least(2 * y + down, frame.height - 1);
        for (int right = 0; right < 2; right++) {
            const int column = least(2 * x + right, frame.width - 1);
            const Layer drawn = page.at(column, row);
            const int colour[3] = {drawn.of[0], drawn.of[1], drawn.of[2]};
            // Where the block ends early, the same sample is written again.
            put_sample(frame.row(0, row), column, weighed(colour, how.luma, how.black, how), how);
            for (int c = 0; c < 3; c++) {
                sums[c] += colour[c];
            }
        }
    }
    const int mean[3] = {sums[0] >> 2, sums[1] >> 2, sums[2] >> 2};
    const int cb = weighed(mean, how.cb, how.grey, how), cr = weighed(mean, how.cr, how.grey, how);
    if (how.interleaved) {
        put_sample(frame.row(1, y), 2 * x, cb, how);
        put_sample(frame.row(1, y), 2 * x + 1, cr, how);
    } else {
        put_sample(frame.row(1, y), x, cb, how);
        put_sample(frame.row(2, y), x, cr, how);
    }
}
