// Variational refinement of a tile of a flow: `start.rs`, `equations.rs` and `solve.rs`, in which the reasons stand. What is
// known of the tile and its surroundings lies in memory of its own, as the threads of a team work on it together.
#pragma once

#include "device/bordered.cuh"

static constexpr int ACROSS = 128;
static constexpr int BAND = 32;
static constexpr int HALO = 4;
static constexpr int EDGE = HALO + 2;
static constexpr int WIDE = ACROSS + 2 * EDGE;
static constexpr int TALL = BAND + 2 * EDGE;
static constexpr int FIRST = EDGE - HALO;

struct Refine {
    Bordered<const float> previous, current;
    Plane<const Flow> flow;
    float noise;
};

// Plane after plane of a tile. `Plan` counts them: TILES in `plan.rs`.
struct TileMemory {
    float start_x[TALL][WIDE], start_y[TALL][WIDE], mean[TALL][WIDE], difference[TALL][WIDE];
    float x[TALL][WIDE], y[TALL][WIDE], weight[TALL][WIDE], mixed[TALL][WIDE];
    float rest_x[TALL][WIDE], rest_y[TALL][WIDE], inverse_x[TALL][WIDE], inverse_y[TALL][WIDE];
};

// The mean of 5x5 pixels of the flow around a pixel; outside the picture its edge goes on.
INKCAST_BODY Flow smoothed(const Plane<const Flow> &flow, int x, int y) {
    float columns_x[5], columns_y[5];
    for (int i = 0; i < 5; i++) {
        Flow f[5];
        for (int j = 0; j < 5; j++) f[j] = flow.at_clamped(x + i - 2, y + j - 2);
        columns_x[i] = (f[0].dx + f[1].dx) + (f[2].dx + f[3].dx) + f[4].dx;
        columns_y[i] = (f[0].dy + f[1].dy) + (f[2].dy + f[3].dy) + f[4].dy;
    }
    const float sum_x = (columns_x[0] + columns_x[1]) + (columns_x[2] + columns_x[3]) + columns_x[4];
    const float sum_y = (columns_y[0] + columns_y[1]) + (columns_y[2] + columns_y[3]) + columns_y[4];
    return Flow{sum_x * (1.0f / 25.0f), sum_y * (1.0f / 25.0f)};
}

// The value at a place, between pixels by linear interpolation; places far outside look like the border's end.
INKCAST_BODY float between(const Bordered<const float> &plane, float x, float y) {
    const float reach = (float)(BORDER - 2);
    // Written so that what is not a number becomes the least.
    x = least(x > -reach ? x : -reach, (float)plane.width + reach - 1.0f) + (float)BORDER;
    y = least(y > -reach ? y : -reach, (float)plane.height + reach - 1.0f) + (float)BORDER;
    const int left = (int)x, top = (int)y;
    const float tx = x - (float)left, ty = y - (float)top;
    const float *upper = plane.data + (size_t)top * plane.stride + left, *lower = upper + plane.stride;
    const float above = upper[0] + tx * (upper[1] - upper[0]);
    const float below = lower[0] + tx * (lower[1] - lower[0]);
    return above + ty * (below - above);
}

// What pixel `(i, j)` of the tile at `(x, y)` starts from.
INKCAST_BODY void start_tile(const Refine &refine, int x, int y, int i, int j, TileMemory &tile) {
    const int width = refine.current.width, height = refine.current.height;
    const Flow flow = smoothed(refine.flow, x + i - EDGE, y + j - EDGE);
    // No further outside than the border reaches.
    const int here_x = least(x + i - EDGE, width + EDGE), here_y = least(y + j - EDGE, height + EDGE);
    const float now = refine.current.at(here_x, here_y);
    const float before = between(refine.previous, (float)here_x + flow.dx, (float)here_y + flow.dy);
    tile.start_x[j][i] = tile.x[j][i] = flow.dx;
    tile.start_y[j][i] = tile.y[j][i] = flow.dy;
    tile.mean[j][i] = 0.5f * (before + now);
    tile.difference[j][i] = before - now;
}

INKCAST_BODY void weigh(int i, int j, TileMemory &tile) {
    const float smoothness = 20.0f, round = 0.01f;
    const float xx = tile.x[j][i + 1] - tile.x[j][i], xy = tile.x[j + 1][i] - tile.x[j][i];
    const float yx = tile.y[j][i + 1] - tile.y[j][i], yy = tile.y[j + 1][i] - tile.y[j][i];
    const float bend = (xx * xx + xy * xy) + (yx * yx + yy * yy);
    tile.weight[j][i] = 0.5f * smoothness / sqrtf(bend + round * round);
}

// The equations of a pixel.
INKCAST_BODY void set_up(float noise, int i, int j, TileMemory &tile) {
    const float share_of_brightness = 5.0f, share_of_slopes = 10.0f, round = 0.01f, flat = 2.0f;
    const float(&mean)[TALL][WIDE] = tile.mean, (&difference)[TALL][WIDE] = tile.difference;
    const float least = flat * flat * noise * noise;
    const float sx = 0.5f * (mean[j][i + 1] - mean[j][i - 1]);
    const float sy = 0.5f * (mean[j + 1][i] - mean[j - 1][i]);
    const float sxx = 0.25f * ((mean[j][i + 2] + mean[j][i - 2]) - 2.0f * mean[j][i]);
    const float syy = 0.25f * ((mean[j + 2][i] + mean[j - 2][i]) - 2.0f * mean[j][i]);
    const float sxy =
        0.25f * ((mean[j + 1][i + 1] + mean[j - 1][i - 1]) - (mean[j + 1][i - 1] + mean[j - 1][i + 1]));
    const float d = difference[j][i];
    const float dx = 0.5f * (difference[j][i + 1] - difference[j][i - 1]);
    const float dy = 0.5f * (difference[j + 1][i] - difference[j - 1][i]);

    const float steep = 1.0f / ((sx * sx + sy * sy) + least);
    const float brightness = 0.5f * share_of_brightness * steep / sqrtf(d * d * steep + round * round);
    const float steep_x = 1.0f / ((sxx * sxx + sxy * sxy) + least);
    const float steep_y = 1.0f / ((sxy * sxy + syy * syy) + least);
    const float slopes = 0.5f * share_of_slopes / sqrtf((dx * dx * steep_x + dy * dy * steep_y) + round * round);
    const float in_x = slopes * steep_x, in_y = slopes * steep_y;

    const float a = brightness * sx * sx + (in_x * sxx * sxx + in_y * sxy * sxy);
    const float b = brightness * sx * sy + (in_x * sxx * sxy + in_y * sxy * syy);
    const float c = brightness * sy * sy + (in_x * sxy * sxy + in_y * syy * syy);
    const float p = brightness * sx * d + (in_x * sxx * dx + in_y * sxy * dy);
    const float q = brightness * sy * d + (in_x * sxy * dx + in_y * syy * dy);
    const float u = tile.x[j][i], v = tile.y[j][i];
    const float around = (tile.weight[j][i] + tile.weight[j][i]) + (tile.weight[j][i - 1] + tile.weight[j - 1][i]);
    const float moves = u != 0.0f || v != 0.0f ? 1.0f : 0.0f;
    tile.mixed[j][i] = b;
    tile.rest_x[j][i] = a * u + b * v - p;
    tile.rest_y[j][i] = b * u + c * v - q;
    tile.inverse_x[j][i] = moves / (a + around);
    tile.inverse_y[j][i] = moves / (c + around);
}

INKCAST_BODY float neighbours(const TileMemory &tile, const float (&flow)[TALL][WIDE], int i, int j) {
    return (tile.weight[j][i] * (flow[j][i + 1] + flow[j + 1][i])) +
           (tile.weight[j][i - 1] * flow[j][i - 1] + tile.weight[j - 1][i] * flow[j - 1][i]);
}

// Moves a pixel towards what solves its equation.
INKCAST_BODY void move(float share, int i, int j, TileMemory &tile) {
    float u = tile.x[j][i], v = tile.y[j][i];
    u = u + share * ((tile.rest_x[j][i] - tile.mixed[j][i] * v + neighbours(tile, tile.x, i, j)) * tile.inverse_x[j][i] - u);
    v = v + share * ((tile.rest_y[j][i] - tile.mixed[j][i] * u + neighbours(tile, tile.y, i, j)) * tile.inverse_y[j][i] - v);
    tile.x[j][i] = u;
    tile.y[j][i] = v;
}

// Writes the flow of a pixel of the tile at `(x, y)`, and the difference that it leaves.
INKCAST_BODY void finish(int x, int y, int i, int j, const TileMemory &tile, Plane<Flow> flow, Plane<float> difference) {
    const float slope_x = 0.5f * (tile.mean[j][i + 1] - tile.mean[j][i - 1]);
    const float slope_y = 0.5f * (tile.mean[j + 1][i] - tile.mean[j - 1][i]);
    const float u = tile.x[j][i], v = tile.y[j][i];
    flow.at(x + i - EDGE, y + j - EDGE) = Flow{u, v};
    difference.at(x + i - EDGE, y + j - EDGE) =
        tile.difference[j][i] + slope_x * (u - tile.start_x[j][i]) + slope_y * (v - tile.start_y[j][i]);
}

// Refines the tile whose upper left pixel is `(x, y)`. `flow` and `difference` are those of the whole picture.
template <typename Team>
INKCAST_BODY void refine_tile(Team &team, const Refine &refine, int x, int y, TileMemory &tile, Plane<Flow> flow,
                              Plane<float> difference) {
    const int sweeps = 5;
    const float beyond = 1.6f;
    for (int k = team.index(); k < TALL * WIDE; k += team.size()) {
        start_tile(refine, x, y, k % WIDE, k / WIDE, tile);
    }
    team.wait();
    // One more on the left and above than there are equations.
    const int more = WIDE - 2 * FIRST + 1, columns = WIDE - 2 * FIRST, rows = TALL - 2 * FIRST;
    for (int k = team.index(); k < more * (rows + 1); k += team.size()) {
        weigh(FIRST - 1 + k % more, FIRST - 1 + k / more, tile);
    }
    team.wait();
    for (int k = team.index(); k < columns * rows; k += team.size()) {
        set_up(refine.noise, FIRST + k % columns, FIRST + k / columns, tile);
    }
    team.wait();
    // Pixels of one colour of a chessboard have neighbours of the other only, so their order does not matter.
    for (int half = 0; half < 2 * sweeps; half++) {
        const float share = half < 2 * sweeps - 2 ? beyond : 1.0f;
        for (int k = team.index(); k < columns / 2 * rows; k += team.size()) {
            const int j = FIRST + k / (columns / 2);
            move(share, FIRST + 2 * (k % (columns / 2)) + (half + j) % 2, j, tile);
        }
        team.wait();
    }
    const int across = least(ACROSS, flow.width - x), down = least(BAND, flow.height - y);
    for (int k = team.index(); k < across * down; k += team.size()) {
        finish(x, y, EDGE + k % across, EDGE + k / across, tile, flow, difference);
    }
}
