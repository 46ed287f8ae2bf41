#include "device/threads.cuh"
#include "motion/passes.cuh"

// Threads of a block that searches patches, eight for each.
static constexpr int SEARCHING = 128;
// Threads of a block that refines a tile.
static constexpr int REFINING = 512;

static __device__ inline size_t thread_of_all() { return (size_t)blockIdx.x * blockDim.x + threadIdx.x; }

extern "C" __global__ void motion_start(const __grid_constant__ Motion motion, int) { pass::start(motion); }

extern "C" __global__ void __launch_bounds__(THREADS) motion_copy(const __grid_constant__ Motion motion, int) {
    const Level &level = motion.levels[0];
    if (thread_x() < level.stride && thread_y() < level.height + 2 * BORDER) {
        pass::copy(motion, blockIdx.z, thread_x(), thread_y());
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_compare(const __grid_constant__ Motion motion, int) {
    if (motion.pictures[0] && thread_of_all() < motion.pixels) {
        pass::compare(motion, thread_of_all());
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_halve(const __grid_constant__ Motion motion, int at) {
    const Level &level = motion.levels[at];
    if (!motion.is_over() && thread_x() < level.stride && thread_y() < level.height + 2 * BORDER) {
        pass::halve(motion, at, blockIdx.z, thread_x(), thread_y());
    }
}

// Noise and brightness do not depend on each other: a block for each.
extern "C" __global__ void __launch_bounds__(LANES) motion_look(const __grid_constant__ Motion motion, int) {
    __shared__ Block::Memory exchange;
    __shared__ union {
        noise::Memory noise;
        exposure::Memory exposure;
    } memory;
    if (motion.is_over()) {
        return;
    }
    Block team = {exchange};
    if (blockIdx.x == 0) {
        pass::estimate_noise(team, motion, memory.noise);
    } else {
        pass::guess_exposure(team, motion, memory.exposure);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_expose(const __grid_constant__ Motion motion, int end) {
    if (!motion.is_over() && !motion.state->change.is_none() && thread_of_all() < pass::values_before(motion, end)) {
        pass::expose(motion, thread_of_all());
    }
}

extern "C" __global__ void __launch_bounds__(SEARCHING) motion_search(const __grid_constant__ Motion motion, int at) {
    const int i = thread_of_all() / 8;
    if (!motion.is_over() && i < motion.levels[at].columns * motion.levels[at].rows) {
        pass::search(EightThreads(), motion, at, blockIdx.z, i);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_lead(const __grid_constant__ Motion motion, int at) {
    if (!motion.is_over()) {
        Groups team;
        pass::lead(team, EightThreads(), motion, at, blockIdx.z, blockIdx.x);
    }
}

extern "C" __global__ void __launch_bounds__(LANES) motion_fit(const __grid_constant__ Motion motion, int at) {
    __shared__ Block::Memory exchange;
    __shared__ camera::Memory memory;
    if (!motion.is_over()) {
        Block team = {exchange};
        pass::fit(team, motion, at, blockIdx.z, memory);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_densify(const __grid_constant__ Motion motion, int at) {
    const Level &level = motion.levels[at];
    if (!motion.is_over() && thread_x() < level.width && thread_y() < level.height) {
        pass::densify(motion, at, blockIdx.z, thread_x(), thread_y());
    }
}

extern "C" __global__ void __launch_bounds__(REFINING) motion_refine(const __grid_constant__ Motion motion, int at) {
    if (!motion.is_over()) {
        Threads team;
        pass::refine(team, motion, at, blockIdx.z, blockIdx.x, blockIdx.y);
    }
}

extern "C" __global__ void __launch_bounds__(LANES) motion_correct(const __grid_constant__ Motion motion, int at) {
    __shared__ Block::Memory exchange;
    __shared__ exposure::Memory memory;
    if (!motion.is_over()) {
        Block team = {exchange};
        pass::correct(team, motion, at, memory);
    }
}

extern "C" __global__ void __launch_bounds__(LANES) motion_cut(const __grid_constant__ Motion motion, int at) {
    __shared__ Block::Memory exchange;
    if (!motion.is_over()) {
        Block team = {exchange};
        pass::find_cut(team, motion, at);
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_agree(const __grid_constant__ Motion motion, int) {
    if (!motion.is_over() && thread_x() < (motion.width + 1) / 2 && thread_y() < (motion.height + 1) / 2) {
        pass::agree(motion, thread_x(), thread_y());
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) motion_judge(const __grid_constant__ Motion motion, int) {
    uint32_t steps = 0;
    if (thread_x() < motion.width && thread_y() < motion.height) {
        steps = pass::judge(motion, thread_x(), thread_y());
    }
    // A warp's steps fit 32 bits, and whole numbers add up to the same in any order.
    steps = __reduce_add_sync(~0u, steps);
    if (threadIdx.x == 0) {
        atomicAdd(&motion.report->confidence, (unsigned long long)steps);
    }
}

extern "C" __global__ void motion_settle(const __grid_constant__ Motion motion, int) { pass::settle(motion); }
