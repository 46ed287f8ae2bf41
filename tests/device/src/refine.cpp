#include "device/team.cuh"
#include "refine/body.cuh"

extern "C" size_t inkcast_refine_memory() { return sizeof(TileMemory); }

extern "C" void inkcast_refine(Refine refine, TileMemory *tile, Flow *flow, float *difference) {
    Alone team;
    const int width = refine.current.width, height = refine.current.height;
    for (int y = 0; y < height; y += BAND) {
        for (int x = 0; x < width; x += ACROSS) {
            refine_tile(team, refine, x, y, *tile, Plane<Flow>{flow, width, height},
                        Plane<float>{difference, width, height});
        }
    }
}
