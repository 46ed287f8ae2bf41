// A block of threads on the card, in the terms in which body.cuh is written. tests/device has the same class for the
// host, which runs all threads of a block one after another.
#pragma once

#include "conv_f16/halves.cuh"

#define INKCAST_BLOCK __device__ __forceinline__
#define INKCAST_UNROLLED _Pragma("unroll")
#define INKCAST_ROLLED _Pragma("unroll 1")

// What each thread of the block keeps: here its own value, on the host an array of all.
template <class T> struct PerThread {
    T own;

    INKCAST_BLOCK T &operator[](int) { return own; }
};

class Block {
  public:
    INKCAST_BLOCK explicit Block(Vector<8> *shared) : shared_(shared) {}

    // Runs `work` for each thread. Between two barriers a thread may read only what it wrote itself, or what was there
    // before the first.
    template <class Work> INKCAST_BLOCK void each_thread(Work work) { work(int(threadIdx.x)); }

    // Starts to copy 16 bytes to a slot of shared memory, or zeros if the source is not `inside`; they are there for
    // the thread itself after `wait`, for others after a barrier behind that.
    INKCAST_BLOCK void copy(int, int slot, const Vector<8> *source, bool inside) {
        const int bytes = inside ? 16 : 0;
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address(slot)), "l"(source), "r"(bytes)
                     : "memory");
    }

    INKCAST_BLOCK void commit(int) { asm volatile("cp.async.commit_group;" ::: "memory"); }

    // Waits for all copies that the thread has committed.
    INKCAST_BLOCK void wait(int) { asm volatile("cp.async.wait_group 0;" ::: "memory"); }

    INKCAST_BLOCK void barrier() { __syncthreads(); }

    INKCAST_BLOCK void store(int, int slot, const Vector<8> &value) { shared_[slot] = value; }

    INKCAST_BLOCK Vector<8> load(int, int slot) { return shared_[slot]; }

    // Loads four matrices of 8x8 f16 for each warp. `slot_of(thread)` is the slot of the row that the thread names: the
    // lane's lowest three bits count rows, the two above them matrices. Every lane gets of each matrix the pair of row
    // lane / 4 and columns 2 (lane % 4) and the next.
    template <class Slot> INKCAST_BLOCK void load_matrices(PerThread<Vector<8>> &fragment, Slot slot_of) {
        uint32_t(&pair)[4] = fragment.own.pair;
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(pair[0]), "=r"(pair[1]), "=r"(pair[2]), "=r"(pair[3])
                     : "r"(address(slot_of(int(threadIdx.x))))
                     : "memory");
    }

    // sum += a b for each warp, 16x8 += 16x16 16x8, with b in the pairs 2 `half` and 2 `half` + 1 of `b`.
    INKCAST_BLOCK void multiply(PerThread<Sum> &sum, PerThread<Vector<8>> &a, PerThread<Vector<8>> &b, int half) {
        float(&d)[4] = sum.own.value;
        const uint32_t(&rows)[4] = a.own.pair;
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
            "{%0, %1, %2, %3};"
            : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
            : "r"(rows[0]), "r"(rows[1]), "r"(rows[2]), "r"(rows[3]), "r"(b.own.pair[2 * half]),
              "r"(b.own.pair[2 * half + 1]));
    }

  private:
    Vector<8> *shared_;

    INKCAST_BLOCK uint32_t address(int slot) {
        return uint32_t(__cvta_generic_to_shared(shared_)) + 16 * uint32_t(slot);
    }
};
