use inkcast_frame::Plane;

use super::Flow;
use super::sampling::bilinear;

/// Which pixels of the new frame can be seen in the previous one: where forward and backward flow agree, away from the
/// borders of motion, and with a match inside the picture. `forward` leads from the previous frame to the new one,
/// `backward` from the new one to the previous.
///
/// The tests are those of Ruder, Dosovitskiy, Brox: "Artistic Style Transfer for Videos", GCPR 2016.
pub fn visible(forward: &Flow, backward: &Flow) -> Plane<bool> {
    let (width, height) = backward.size();
    let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
    Plane::from_fn(width, height, |x, y| {
        let back @ [dx, dy] = backward.at(x, y);
        let (from_x, from_y) = (x as f32 + dx, y as f32 + dy);
        let is_inside = (0.0..=right).contains(&from_x) && (0.0..=bottom).contains(&from_y);
        is_inside && agree(bilinear(forward, from_x, from_y), back) && !is_border(backward, x, y)
    })
}

/// Whether the way there and the way back cancel out.
fn agree(forward: [f32; 2], backward: [f32; 2]) -> bool {
    let sum = [forward[0] + backward[0], forward[1] + backward[1]];
    square(sum) <= 0.01 * (square(forward) + square(backward)) + 0.5
}

/// Whether the flow changes abruptly at `(x, y)`.
fn is_border(flow: &Flow, x: usize, y: usize) -> bool {
    let slope = |a: [f32; 2], b: [f32; 2], distance: usize| {
        let distance = distance.max(1) as f32;
        square([(b[0] - a[0]) / distance, (b[1] - a[1]) / distance])
    };
    let (left, right) = (x.saturating_sub(1), (x + 1).min(flow.width() - 1));
    let (top, bottom) = (y.saturating_sub(1), (y + 1).min(flow.height() - 1));
    let across = slope(flow.at(left, y), flow.at(right, y), right - left);
    let down = slope(flow.at(x, top), flow.at(x, bottom), bottom - top);
    across + down > 0.01 * square(flow.at(x, y)) + 0.002
}

fn square([x, y]: [f32; 2]) -> f32 {
    x * x + y * y
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(dx: f32, dy: f32) -> Flow {
        Plane::from_fn(12, 8, |_, _| [dx, dy])
    }

    #[test]
    fn flows_that_cancel_out_are_seen_where_the_match_is_inside() {
        let seen = visible(&even(2.0, 0.0), &even(-2.0, 0.0));
        for (x, y) in (0..12).flat_map(|x| (0..8).map(move |y| (x, y))) {
            assert_eq!(seen.at(x, y), x >= 2, "{x}, {y}");
        }
    }

    #[test]
    fn flows_that_do_not_cancel_out_are_covered() {
        let share = |forward: Flow, backward: Flow| super::super::share(&visible(&forward, &backward));
        // (0.7)^2 is within the bound of 0.5, (0.75)^2 is not; for longer ways the bound grows with them.
        assert_eq!(share(even(0.0, 0.7), even(0.0, 0.0)), 1.0);
        assert_eq!(share(even(0.0, 0.75), even(0.0, 0.0)), 0.0);
        assert!(share(even(5.0, 0.75), even(-5.0, 0.0)) > 0.5);
    }

    #[test]
    fn borders_of_motion_are_covered() {
        let step = |sign: f32| Plane::from_fn(12, 8, move |x, _| if x < 6 { [0.0, 0.0] } else { [sign * 0.3, 0.0] });
        let seen = visible(&step(-1.0), &step(1.0));
        let row: Vec<bool> = seen.row(4).to_vec();
        // The step spans the two pixels beside it; the last column's match lies outside.
        assert_eq!(row, [vec![true; 5], vec![false; 2], vec![true; 4], vec![false; 1]].concat());
    }
}
