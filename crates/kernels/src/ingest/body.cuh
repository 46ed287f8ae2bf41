// From the bytes of a frame to a pixel of a picture.
#pragma once

#include "device/frame.cuh"

// Fraction bits of the coefficients.
static constexpr int CODE_BITS = 16;

// How packed RGB is read: bytes a pixel and where its samples are, weights of luma, and how codes are stretched.
struct FromRgb {
    int pixel, r, g, b;
    int weights[3];
    int black, gain;
};

// How Y'CbCr is read: bytes and bits of a sample, and the conversion.
struct FromLuma {
    int bytes, shift, most, interleaved;
    int black, grey, gain, r_cr, g_cr, g_cb, b_cb;
};

// The nearest code of a number with CODE_BITS fraction bits.
INKCAST_BODY int code_of(int value) { return clamped((value + (1 << (CODE_BITS - 1))) >> CODE_BITS, 0, 255); }

INKCAST_BODY Pixel pixel_of(int r, int g, int b, int luma) {
    return Pixel{{(uint8_t)r, (uint8_t)g, (uint8_t)b, (uint8_t)luma}};
}

INKCAST_BODY Pixel packed_pixel(int x, int y, Frame<const uint8_t> frame, FromRgb how) {
    const uint8_t *bytes = frame.row(0, y) + (size_t)x * how.pixel;
    const int r = code_of((bytes[how.r] - how.black) * how.gain);
    const int g = code_of((bytes[how.g] - how.black) * how.gain);
    const int b = code_of((bytes[how.b] - how.black) * how.gain);
    return pixel_of(r, g, b, code_of(how.weights[0] * r + how.weights[1] * g + how.weights[2] * b));
}

// Sample `index` of a row. Bits that should be zero may not be.
INKCAST_BODY int sample_at(const uint8_t *row, int index, FromLuma how) {
    if (how.bytes == 1) {
        return row[index];
    }
    const int both = row[2 * index] | row[2 * index + 1] << 8;
    return least(both >> how.shift, how.most);
}

INKCAST_BODY Pixel planar_pixel(int x, int y, Frame<const uint8_t> frame, FromLuma how) {
    const uint8_t *first = frame.row(1, y / 2);
    int cb, cr;
    if (how.interleaved) {
        cb = sample_at(first, x / 2 * 2, how) - how.grey;
        cr = sample_at(first, x / 2 * 2 + 1, how) - how.grey;
    } else {
        cb = sample_at(first, x / 2, how) - how.grey;
        cr = sample_at(frame.row(2, y / 2), x / 2, how) - how.grey;
    }
    const int luma = (sample_at(frame.row(0, y), x, how) - how.black) * how.gain;
    return pixel_of(code_of(luma + how.r_cr * cr), code_of(luma - how.g_cr * cr - how.g_cb * cb),
                    code_of(luma + how.b_cb * cb), code_of(luma));
}
