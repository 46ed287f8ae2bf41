#include "compose/body.cuh"
#include "device/threads.cuh"
#include "device/verdict.cuh"

// A block's pixels with their neighbours on all sides.
static constexpr int WIDE = THREADS_X + 2 * RADIUS;
static constexpr int HIGH = THREADS_Y + 2 * RADIUS;

// The sum over a warp of threads, in its first one.
static __device__ inline uint32_t warp_sum(uint32_t value) {
    for (int offset = 16; offset > 0; offset /= 2) {
        value += __shfl_down_sync(0xffffffffu, value, offset);
    }
    return value;
}

// `sums` are those of weights, changes and trusted pixels. What was carried is settled in place.
extern "C" __global__ void __launch_bounds__(THREADS)
    compose(Plane<const Layer> fresh, Plane<Layer> layers, Plane<const uint8_t> confidence, Plane<uint8_t> age,
            const Limits *limits, const uint32_t *verdict, unsigned long long *sums) {
    __shared__ Layer tile[HIGH][WIDE];
    __shared__ Range columns[THREADS_Y][WIDE];
    // The same for all threads.
    if (*verdict & REPEATED) {
        return;
    }
    const int thread = threadIdx.y * THREADS_X + threadIdx.x;
    const int left = blockIdx.x * THREADS_X - RADIUS, top = blockIdx.y * THREADS_Y - RADIUS;
    for (int i = thread; i < HIGH * WIDE; i += THREADS) {
        tile[i / WIDE][i % WIDE] = fresh.at_clamped(left + i % WIDE, top + i / WIDE);
    }
    __syncthreads();
    for (int i = thread; i < THREADS_Y * WIDE; i += THREADS) {
        const int x = i % WIDE, y = i / WIDE;
        Range range = {tile[y][x], tile[y][x]};
        for (int down = 1; down <= 2 * RADIUS; down++) {
            widen(range, Range{tile[y + down][x], tile[y + down][x]});
        }
        columns[y][x] = range;
    }
    __syncthreads();
    const int x = thread_x(), y = thread_y();
    Counted counted = {0, 0, 0};
    if (x < fresh.width && y < fresh.height) {
        Range around = columns[threadIdx.y][threadIdx.x];
        for (int right = 1; right <= 2 * RADIUS; right++) {
            widen(around, columns[threadIdx.y][threadIdx.x + right]);
        }
        const Layer new_layers = tile[threadIdx.y + RADIUS][threadIdx.x + RADIUS];
        const Settled settled =
            settled_pixel(new_layers, around, layers.at(x, y), confidence.at(x, y), age.at(x, y), *limits);
        layers.at(x, y) = settled.layers;
        age.at(x, y) = settled.age;
        counted = settled.counted;
    }
    // Whole numbers add up to the same in every order; 32 pixels' changes fit 32 bits.
    const uint32_t values[3] = {warp_sum(counted.weight), warp_sum(counted.change), warp_sum(counted.trusted)};
    __shared__ uint32_t block_sums[3][THREADS / 32];
    if (thread % 32 == 0) {
        for (int i = 0; i < 3; i++) {
            block_sums[i][thread / 32] = values[i];
        }
    }
    __syncthreads();
    if (thread < 3) {
        unsigned long long sum = 0;
        for (int i = 0; i < THREADS / 32; i++) {
            sum += block_sums[thread][i];
        }
        if (sum > 0) {
            atomicAdd(&sums[thread], sum);
        }
    }
}
