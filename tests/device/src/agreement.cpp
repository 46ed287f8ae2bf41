#include "agreement/body.cuh"

extern "C" void inkcast_agreement_row(Halves halves, int y, float *agreement) {
    for (int x = 0; x < halves.backward.width; x++) {
        agreement[x] = agreement_at(halves, x, y);
    }
}
