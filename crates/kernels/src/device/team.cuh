// Threads that work out one result together: a block on the device, a single thread on a host. A body says what each
// member does, from `index()` on in steps of `size()`; what members exchange goes through the functions here. Sums of
// floats keep the order of `ordered.rs` in crates/motion, everything else is exact, so no result depends on who ran first.
#pragma once

#include "device/language.cuh"

// Sums that are kept side by side: `LANES` in `ordered.rs`.
static constexpr int LANES = 256;

// A single thread.
struct Alone {
    INKCAST_MEMBER int index() const { return 0; }
    INKCAST_MEMBER int size() const { return 1; }

    // Until all members are here and see what the others wrote.
    INKCAST_MEMBER void wait() const {}

    // Whether it holds for any member.
    INKCAST_MEMBER bool any(bool own) const { return own; }

    // The members' values, added up.
    template <int N> INKCAST_MEMBER void total(int (&)[N]) const {}

    // How many have counted so far, in the order of members; `total` goes on to how many have after all.
    INKCAST_MEMBER int place(bool counts, int &total) const {
        const int at = total;
        total += counts ? 1 : 0;
        return at;
    }

    // Sums of `count` terms: `term(i, to)` writes term `i`.
    template <int N, typename Term> INKCAST_MEMBER void sums(int count, Term term, double (&out)[N]) const {
        double lanes[LANES][N] = {};
        for (int i = 0; i < count; i++) {
            double own[N];
            term(i, own);
            for (int n = 0; n < N; n++) lanes[i % LANES][n] += own[n];
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                for (int n = 0; n < N; n++) lanes[lane][n] += lanes[lane + half][n];
            }
        }
        for (int n = 0; n < N; n++) out[n] = lanes[0][n];
    }
};

#ifdef __CUDACC__
static constexpr int WARPS = LANES / 32;

// A block of `LANES` threads.
struct Block {
    // What the threads exchange: a sum of each warp for each term of `sums`.
    struct Memory {
        double lanes[WARPS][LANES];
        double sums[WARPS];
        int counts[WARPS][4];
    };

    Memory &memory;

    __device__ int index() const { return threadIdx.x; }
    __device__ int size() const { return LANES; }
    __device__ void wait() const { __syncthreads(); }
    __device__ bool any(bool own) const { return __syncthreads_or(own); }

    template <int N> __device__ void total(int (&own)[N]) const {
        static_assert(N <= 4, "a place for each");
        const int warp = threadIdx.x / 32;
        for (int n = 0; n < N; n++) {
            const int sum = __reduce_add_sync(~0u, own[n]);
            if (threadIdx.x % 32 == 0) memory.counts[warp][n] = sum;
        }
        __syncthreads();
        for (int n = 0; n < N; n++) {
            own[n] = 0;
            for (int other = 0; other < WARPS; other++) own[n] += memory.counts[other][n];
        }
        __syncthreads();
    }

    __device__ int place(bool counts, int &total) const {
        const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        const unsigned those = __ballot_sync(~0u, counts);
        if (lane == 0) memory.counts[warp][0] = __popc(those);
        __syncthreads();
        int at = total + __popc(those & ((1u << lane) - 1));
        for (int other = 0; other < WARPS; other++) {
            const int count = memory.counts[other][0];
            at += other < warp ? count : 0;
            total += count;
        }
        __syncthreads();
        return at;
    }

    template <int N, typename Term> __device__ void sums(int count, Term term, double (&out)[N]) const {
        static_assert(N <= WARPS, "a warp for each");
        double own[N] = {};
        for (int i = threadIdx.x; i < count; i += LANES) {
            double more[N];
            term(i, more);
            for (int n = 0; n < N; n++) own[n] += more[n];
        }
        for (int n = 0; n < N; n++) memory.lanes[n][threadIdx.x] = own[n];
        __syncthreads();
        // Each sum is finished by a warp: halves of 128, 64 and 32 lanes as they lie, those below between threads.
        const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
        if (warp < N) {
            const double *v = memory.lanes[warp] + lane;
            double sum = ((v[0] + v[128]) + (v[64] + v[192])) + ((v[32] + v[160]) + (v[96] + v[224]));
            for (int half = 16; half > 0; half /= 2) sum += __shfl_down_sync(~0u, sum, half);
            if (lane == 0) memory.sums[warp] = sum;
        }
        __syncthreads();
        for (int n = 0; n < N; n++) out[n] = memory.sums[n];
    }
};

// A block of any number of threads, each a member.
struct Threads {
    __device__ int index() const { return threadIdx.x; }
    __device__ int size() const { return blockDim.x; }
    __device__ void wait() const { __syncthreads(); }
};

// A block whose threads work in groups of eight, each a member.
struct Groups {
    __device__ int index() const { return threadIdx.x / 8; }
    __device__ int size() const { return blockDim.x / 8; }
    __device__ bool any(bool own) const { return __syncthreads_or(own); }
};
#endif

// The bits of a float as a number that orders like `f32::total_cmp`.
INKCAST_BODY uint32_t order_of(float value) {
    const uint32_t bits = bits_of(value);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

INKCAST_BODY float of_order(uint32_t order) {
    const uint32_t bits = order >> 31 ? order & 0x7fffffffu : ~order;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// The value that `nth` of the `count` values are smaller than, in the order of `f32::total_cmp`: the largest number
// below which there are no more, found two bits at a time.
template <typename Team, typename Value> INKCAST_BODY float selected(Team &team, int count, int nth, Value value) {
    uint32_t found = 0;
    for (int shift = 30; shift >= 0; shift -= 2) {
        int below[3] = {0, 0, 0};
        for (int i = team.index(); i < count; i += team.size()) {
            const uint32_t order = order_of(value(i));
            for (uint32_t digit = 1; digit <= 3; digit++) {
                below[digit - 1] += order < (found | digit << shift) ? 1 : 0;
            }
        }
        team.total(below);
        uint32_t digit = 0;
        while (digit < 3 && below[digit] <= nth) digit++;
        found |= digit << shift;
    }
    return of_order(found);
}

// Keeps those of `count` candidates that `candidate(i, to)` says yes to, in their order, at most `most` of them; returns
// how many.
template <typename Team, typename T, typename Candidate>
INKCAST_BODY int kept(Team &team, int count, T *to, int most, Candidate candidate) {
    int total = 0;
    for (int first = 0; first < count; first += team.size()) {
        const int i = first + team.index();
        T value;
        const bool is_kept = i < count && candidate(i, value);
        const int at = team.place(is_kept, total);
        if (is_kept && at < most) to[at] = value;
    }
    team.wait();
    return least(total, most);
}
