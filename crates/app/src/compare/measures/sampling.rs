use inkcast_frame::Plane;

/// The value of `plane` at `(x, y)`, linear between pixels; outside, the edge goes on.
pub fn bilinear<T: Copy + Default + Channels<N>, const N: usize>(plane: &Plane<T>, x: f32, y: f32) -> [f32; N] {
    let (width, height) = plane.size();
    let (x, y) = (x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (across, down) = (x - left as f32, y - top as f32);
    let (upper, lower) = (plane.row(top), plane.row(bottom));
    let [a, b, c, d] = [upper[left], upper[right], lower[left], lower[right]].map(|value| value.channels());
    std::array::from_fn(|channel| {
        let above = a[channel] + across * (b[channel] - a[channel]);
        let below = c[channel] + across * (d[channel] - c[channel]);
        above + down * (below - above)
    })
}

/// A pixel as numbers.
pub trait Channels<const N: usize> {
    /// Its channels.
    fn channels(self) -> [f32; N];
}

impl Channels<3> for [u8; 3] {
    fn channels(self) -> [f32; 3] {
        self.map(f32::from)
    }
}

impl Channels<2> for [f32; 2] {
    fn channels(self) -> [f32; 2] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_pixels_are_linear_and_edges_go_on() {
        let plane = Plane::from_fn(3, 2, |x, y| [x as f32, 10.0 * y as f32]);
        assert_eq!(bilinear(&plane, 1.25, 0.5), [1.25, 5.0]);
        assert_eq!(bilinear(&plane, 2.0, 1.0), [2.0, 10.0]);
        assert_eq!(bilinear(&plane, -4.0, 9.0), [0.0, 10.0]);
        assert_eq!(bilinear(&plane, f32::MAX, f32::MIN), [2.0, 0.0]);
    }
}
