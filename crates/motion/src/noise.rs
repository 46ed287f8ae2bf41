use inkcast_kernels::Bordered;

/// Noise below which nothing is gained by believing in less: that of 8-bit rounding, as a standard deviation.
const LEAST: f32 = 0.35 / 255.0;
/// Noise above which everything would pass for it.
const MOST: f32 = 4.0 / 255.0;
/// Blocks looked at along a side, at most.
const BLOCKS: usize = 24;
const SIDE: usize = 8;

/// Variance of the difference between two pixels that show the same.
///
/// In each of some blocks two estimates, both too high at most places: the difference of the frames without its mean,
/// which is too high where something moves, and the roughness within the new frame (Immerkær: "Fast Noise Variance
/// Estimation", 1996), which is too high where there is texture. The lower one counts, and of all blocks that at a third.
pub(crate) fn estimate(previous: &Bordered, current: &Bordered) -> f32 {
    let (width, height) = current.size();
    let mut found = [0.0f32; BLOCKS * BLOCKS];
    let mut count = 0;
    let steps = |length: usize| (length.saturating_sub(SIDE) / (BLOCKS - 1)).max(SIDE);
    let places = |length: usize| (0..length.saturating_sub(SIDE - 1).max(1)).step_by(steps(length)).take(BLOCKS);
    for y in places(height) {
        for x in places(width) {
            found[count] = block(previous, current, x as isize, y as isize);
            count += 1;
        }
    }
    let third = *found[..count].select_nth_unstable_by(count / 3, f32::total_cmp).1;
    third.clamp(LEAST * LEAST, MOST * MOST)
}

fn block(previous: &Bordered, current: &Bordered, x: isize, y: isize) -> f32 {
    let count = (SIDE * SIDE) as f32;
    let (mut sum, mut square, mut rough) = (0.0, 0.0, 0.0);
    for j in y..y + SIDE as isize {
        let [above, here, below] = [j - 1, j, j + 1].map(|j| current.around::<{ SIDE + 2 }>(x - 1, j));
        let before = previous.around::<SIDE>(x, j);
        for i in 0..SIDE {
            let difference = here[i + 1] - before[i];
            sum += difference;
            square += difference * difference;
            let column = |i: usize| above[i] - 2.0 * here[i] + below[i];
            let response = column(i) - 2.0 * column(i + 1) + column(i + 2);
            rough += response * response;
        }
    }
    // The squares of the filter's weights sum up to 36; the difference of two frames has the noise of both.
    (square / count - (sum / count) * (sum / count)).min(2.0 * rough / (36.0 * count))
}
