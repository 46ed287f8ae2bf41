use inkcast_frame::Plane;

/// Keeps the connected areas (diagonals count) of values above `weak` that have a value above `strong` somewhere and
/// at least `least` pixels.
pub(crate) fn keep_components(plane: &Plane, weak: f32, strong: f32, least: usize) -> Plane<bool> {
    let (width, height) = plane.size();
    let mut kept = Plane::<bool>::new(width, height);
    let mut seen = Plane::<bool>::new(width, height);
    let mut area = Vec::new();
    for start in 0..width * height {
        if seen.data()[start] || plane.data()[start] <= weak {
            continue;
        }
        area.clear();
        area.push(start);
        seen.data_mut()[start] = true;
        let (mut next, mut is_strong) = (0, false);
        while next < area.len() {
            let index = area[next];
            next += 1;
            is_strong |= plane.data()[index] > strong;
            let (x, y) = (index % width, index / width);
            for ny in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let neighbour = ny * width + nx;
                    if !seen.data()[neighbour] && plane.data()[neighbour] > weak {
                        seen.data_mut()[neighbour] = true;
                        area.push(neighbour);
                    }
                }
            }
        }
        if is_strong && area.len() >= least {
            area.iter().for_each(|&index| kept.data_mut()[index] = true);
        }
    }
    kept
}
