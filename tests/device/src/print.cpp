#include "print/body.cuh"

extern "C" void inkcast_turn_rows(const Steps *steps, const double *shift, Plane<Turn> rows) {
    for (int y = 0; y < rows.height; y++) {
        for (int screen = 0; screen < rows.width; screen++) {
            rows.at(screen, y) = row_turn(y, steps[screen], shift);
        }
    }
}

extern "C" void inkcast_page(const Press *press, Plane<const Turn> columns, Plane<const Turn> rows, const PageHow *how,
                             Plane<const Pixel> source, Plane<const Layer> layers, Plane<Layer> page) {
    const Page drawn = {*press, Screens{columns, rows}, *how, source, layers};
    for (int y = 0; y < page.height; y++) {
        for (int x = 0; x < page.width; x++) {
            page.at(x, y) = drawn.at(x, y);
        }
    }
}

extern "C" double inkcast_followed(double shift, float camera, double block) {
    return followed(shift, camera, block);
}
