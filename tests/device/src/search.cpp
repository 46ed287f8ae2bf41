#include "search/body.cuh"

extern "C" void inkcast_search(Search search, Plane<Match> alone, Plane<Match> next, Plane<float> doubt,
                               Plane<int> changed, Plane<Match> found) {
    const OneThread lanes;
    for (int j = 0; j < found.height; j++) {
        for (int i = 0; i < found.width; i++) {
            alone.at(i, j) = found_alone(lanes, search, i * STEP, j * STEP, doubt.at(i, j));
        }
    }
    for (int j = 0; j < found.height; j++) {
        Alone team;
        const Row row = {&alone.at(0, j), &doubt.at(0, j), &found.at(0, j), &next.at(0, j),
                         {&changed.at(0, 2 * j), &changed.at(0, 2 * j + 1)}};
        lead_row(team, lanes, search, j, found.width, row);
    }
}
