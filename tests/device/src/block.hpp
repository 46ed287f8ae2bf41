// A block of threads on the host, as `conv_f16/block.cuh` has it on the card: the same source runs for all threads, one
// after another between two barriers, forwards or backwards, and what tensor cores do is computed from the fragments of
// a warp as the PTX ISA lays them out (mma.m16n8k16, ldmatrix).
//
// Shared memory starts without numbers in it. A copy arrives when its thread waits for it and not before. An access
// that no barrier orders with that of another thread is a fault, as are copies that nobody waited for.
#pragma once

#include "conv_f16/halves.cuh"

#define INKCAST_BLOCK inline
#define INKCAST_UNROLLED
#define INKCAST_ROLLED

static constexpr int BLOCK_THREADS = 256;

template <class T> struct PerThread {
    T of[BLOCK_THREADS];

    T &operator[](int thread) { return of[thread]; }
};

// 16 bytes of shared memory, and who used them since which barrier.
struct Slot {
    Vector<8> value;
    int writer, written, reader, read;
};

// A copy on its way.
struct Copy {
    Vector<8> value;
    int slot;
    bool committed;
};

// What a block needs: as much shared memory as a launch would give it, and copies of each thread.
struct BlockMemory {
    static constexpr int COPIES = 32;
    Slot *slots;
    int count;
    Copy copies[BLOCK_THREADS][COPIES];
    int pending[BLOCK_THREADS];
};

class Block {
  public:
    Block(BlockMemory &memory, bool backwards) : memory_(memory), backwards_(backwards) {
        for (int slot = 0; slot < memory.count; slot++) {
            memory.slots[slot] = Slot{NOTHING, NOBODY, NEVER, NOBODY, NEVER};
        }
        for (int &pending : memory.pending) {
            pending = 0;
        }
    }

    // Accesses that were wrong, to be asked for at the end.
    int faults() const {
        int unawaited = 0;
        for (const int pending : memory_.pending) {
            unawaited += pending;
        }
        return faults_ + unawaited;
    }

    template <class Work> void each_thread(Work work) {
        for (int n = 0; n < BLOCK_THREADS; n++) {
            work(backwards_ ? BLOCK_THREADS - 1 - n : n);
        }
    }

    void copy(int thread, int slot, const Vector<8> *source, bool inside) {
        int &pending = memory_.pending[thread];
        if (pending == BlockMemory::COPIES) {
            faults_++;
            return;
        }
        Copy &copy = memory_.copies[thread][pending++];
        copy = Copy{Vector<8>{}, slot, false};
        if (inside) {
            memcpy(&copy.value, source, sizeof copy.value);
        }
        store(thread, slot, NOTHING);
    }

    void commit(int thread) {
        for (int i = 0; i < memory_.pending[thread]; i++) {
            memory_.copies[thread][i].committed = true;
        }
    }

    void wait(int thread) {
        int left = 0;
        for (int i = 0; i < memory_.pending[thread]; i++) {
            const Copy copy = memory_.copies[thread][i];
            if (copy.committed) {
                store(thread, copy.slot, copy.value);
            } else {
                memory_.copies[thread][left++] = copy;
            }
        }
        memory_.pending[thread] = left;
    }

    void barrier() { barriers_++; }

    void store(int thread, int index, const Vector<8> &value) {
        if (index < 0 || index >= memory_.count) {
            faults_++;
            return;
        }
        Slot &slot = memory_.slots[index];
        const bool raced =
            (slot.written == barriers_ && slot.writer != thread) || (slot.read == barriers_ && slot.reader != thread);
        faults_ += raced;
        slot.value = value;
        slot.writer = thread;
        slot.written = barriers_;
    }

    Vector<8> load(int thread, int index) {
        if (index < 0 || index >= memory_.count) {
            faults_++;
            return NOTHING;
        }
        Slot &slot = memory_.slots[index];
        faults_ += slot.written == NEVER || (slot.written == barriers_ && slot.writer != thread);
        const bool alone = slot.read != barriers_ || slot.reader == thread;
        slot.reader = alone ? thread : SEVERAL;
        slot.read = barriers_;
        return slot.value;
    }

    template <class Of> void load_matrices(PerThread<Vector<8>> &fragment, Of slot_of) {
        for (int warp = 0; warp < BLOCK_THREADS; warp += 32) {
            int banks[4] = {0, 0, 0, 0};
            for (int row = 0; row < 32; row++) {
                banks[row / 8] |= 1 << slot_of(warp + row) % 8;
                const Vector<8> loaded = load(warp + row, slot_of(warp + row));
                // Every lane of the warp reads it.
                note_read_by_several(slot_of(warp + row));
                for (int column = 0; column < 4; column++) {
                    fragment[warp + row % 8 * 4 + column].pair[row / 8] = loaded.pair[column];
                }
            }
            for (const int used : banks) {
                faults_ += used != 0xff;
            }
        }
    }

    void multiply(PerThread<Sum> &sum, PerThread<Vector<8>> &a, PerThread<Vector<8>> &b, int half) {
        for (int warp = 0; warp < BLOCK_THREADS; warp += 32) {
            float left[16][16], right[16][8];
            for (int lane = 0; lane < 32; lane++) {
                const int group = lane / 4, pair = 2 * (lane % 4);
                for (int i = 0; i < 4; i++) {
                    float *at = &left[group + i % 2 * 8][pair + i / 2 * 8];
                    floats_of(a[warp + lane].pair[i], at[0], at[1]);
                }
                for (int i = 0; i < 2; i++) {
                    const int row = pair + 8 * i;
                    floats_of(b[warp + lane].pair[2 * half + i], right[row][group], right[row + 1][group]);
                }
            }
            for (int lane = 0; lane < 32; lane++) {
                for (int i = 0; i < 4; i++) {
                    const int row = lane / 4 + i / 2 * 8, column = 2 * (lane % 4) + i % 2;
                    float &value = sum[warp + lane].value[i];
                    for (int k = 0; k < 16; k++) {
                        value += left[row][k] * right[k][column];
                    }
                }
            }
        }
    }

  private:
    static constexpr int NOBODY = -1, SEVERAL = -2, NEVER = -1;
    // Eight numbers that are none.
    static constexpr Vector<8> NOTHING = {{0x7e007e00u, 0x7e007e00u, 0x7e007e00u, 0x7e007e00u}};

    void note_read_by_several(int index) {
        if (index >= 0 && index < memory_.count) {
            memory_.slots[index].reader = SEVERAL;
        }
    }

    BlockMemory &memory_;
    bool backwards_;
    int barriers_ = 0, faults_ = 0;
};
