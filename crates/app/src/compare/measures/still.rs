use inkcast_frame::Plane;

use super::Flow;

/// Sum of |dx| and |dy| from which on a pixel moves.
const MOVES: f32 = 0.05;
/// Change of luma, in grey levels, up to which a pixel stays as it was.
const CHANGE: u8 = 2;

/// Where the source neither moves nor changes.
pub fn still(flow: &Flow, previous: &Plane<u8>, current: &Plane<u8>) -> Plane<bool> {
    let mut still = Plane::new(current.width(), current.height());
    let changes = previous.data().iter().zip(current.data()).map(|(a, b)| a.abs_diff(*b));
    for ((still, [dx, dy]), change) in still.data_mut().iter_mut().zip(flow.data()).zip(changes) {
        *still = dx.abs() + dy.abs() < MOVES && change <= CHANGE;
    }
    still
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motion_and_change_end_stillness() {
        let flow = Plane::from_fn(4, 1, |x, _| [[0.0, 0.0], [0.02, -0.02], [0.03, -0.03], [0.0, 0.0]][x]);
        let previous = Plane::from_fn(4, 1, |_, _| 100);
        let current = Plane::from_fn(4, 1, |x, _| [102, 98, 100, 103][x]);
        assert_eq!(still(&flow, &previous, &current).data(), [true, true, false, false]);
    }
}
