// Which pixel a thread of a kernel works on.
#pragma once

// As `Grid::pixels` in `launch.rs` starts them: blocks of 32x8 threads, a pixel each.
static constexpr int THREADS = 256;

static __device__ inline int thread_x() { return blockIdx.x * blockDim.x + threadIdx.x; }

static __device__ inline int thread_y() { return blockIdx.y * blockDim.y + threadIdx.y; }
