#include "confidence/body.cuh"

extern "C" void inkcast_confidence_row(Evidence evidence, int y, float *confidence) {
    for (int x = 0; x < evidence.flow.width; x++) {
        confidence[x] = confidence_at(evidence, x, y);
    }
}
