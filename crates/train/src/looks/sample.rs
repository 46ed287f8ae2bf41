use inkcast_frame::Plane;

/// The bilinear values of `plane` at a point; outside, edge pixels are repeated.
pub(super) fn bilinear<const N: usize>(plane: &Plane<[f32; N]>, x: f32, y: f32) -> [f32; N]
where
    [f32; N]: Default,
{
    let x = x.clamp(0.0, plane.width() as f32 - 1.0);
    let y = y.clamp(0.0, plane.height() as f32 - 1.0);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(plane.width() - 1), (top + 1).min(plane.height() - 1));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let (upper, lower) = (plane.row(top), plane.row(bottom));
    let ([a, b], [c, d]) = ([upper[left], upper[right]], [lower[left], lower[right]]);
    std::array::from_fn(|channel| {
        let upper = a[channel] + fx * (b[channel] - a[channel]);
        let lower = c[channel] + fx * (d[channel] - c[channel]);
        upper + fy * (lower - upper)
    })
}
