// The bytes of a frame: planes of strided rows, as inkcast_frame::FrameView.
#pragma once

#include "device/language.cuh"

template <typename Byte> struct Frame {
    Byte *planes[3];
    int strides[3];
    int width, height;

    INKCAST_MEMBER Byte *row(int plane, int y) const { return planes[plane] + (size_t)y * strides[plane]; }
};
