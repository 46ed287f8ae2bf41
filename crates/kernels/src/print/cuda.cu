#include "device/threads.cuh"
#include "device/verdict.cuh"
#include "print/body.cuh"

// One thread: dots follow the camera, which moved by `camera` blocks of `block` pixels, or start anew.
extern "C" __global__ void follow_camera(const float *camera, double block, const uint32_t *verdict, double *shift) {
    for (int axis = 0; axis < 2; axis++) {
        shift[axis] = *verdict & CUT ? 0.0 : followed(shift[axis], camera[axis], block);
    }
}

// A thread for each row of a screen.
extern "C" __global__ void __launch_bounds__(THREADS)
    turn_rows(const Steps *steps, const double *shift, Plane<Turn> rows) {
    const int screen = thread_x(), y = thread_y();
    if (screen < rows.width && y < rows.height) {
        rows.at(screen, y) = row_turn(y, steps[screen], shift);
    }
}
