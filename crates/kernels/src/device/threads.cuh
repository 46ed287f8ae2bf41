// Which pixel a thread of a kernel works on.
#pragma once

// As `Grid::pixels` in `launch.rs` starts them: a thread for each pixel.
static constexpr int THREADS_X = 32;
static constexpr int THREADS_Y = 8;
static constexpr int THREADS = THREADS_X * THREADS_Y;

static __device__ inline int thread_x() { return blockIdx.x * THREADS_X + threadIdx.x; }

static __device__ inline int thread_y() { return blockIdx.y * THREADS_Y + threadIdx.y; }
