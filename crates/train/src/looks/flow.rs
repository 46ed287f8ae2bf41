use inkcast_frame::Plane;

use super::blur::gaussian;

/// Unit vectors along the edges of `grey`: the smoothed structure tensor's direction of least change (Kang et al. 2007
/// as simplified by Kyprianidis and Kang 2011). `sigma` is the smoothing in pixels; flat areas have some direction.
pub(super) fn edge_tangents(grey: &Plane, sigma: f32) -> Plane<[f32; 2]> {
    let grey = gaussian(grey, 1.0);
    let (width, height) = grey.size();
    let gradient = |x: usize, y: usize| {
        let at = |dx: isize, dy: isize| grey.at_clamped(x as isize + dx, y as isize + dy);
        let across = |dy| at(1, dy) - at(-1, dy);
        let along = |dx| at(dx, 1) - at(dx, -1);
        let gx = (3.0 * (across(-1) + across(1)) + 10.0 * across(0)) / 16.0;
        let gy = (3.0 * (along(-1) + along(1)) + 10.0 * along(0)) / 16.0;
        (gx, gy)
    };
    let smoothed = |product: fn((f32, f32)) -> f32| {
        gaussian(&Plane::from_fn(width, height, |x, y| product(gradient(x, y))), sigma)
    };
    let (xx, xy, yy) = (smoothed(|(x, _)| x * x), smoothed(|(x, y)| x * y), smoothed(|(_, y)| y * y));
    Plane::from_fn(width, height, |x, y| {
        let (xx, xy, yy) = (xx.at(x, y), xy.at(x, y), yy.at(x, y));
        let largest = 0.5 * (xx + yy + ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt());
        // Of the two equal forms of the eigenvector the one that does not cancel.
        let (tx, ty) = if xx < yy { (largest - xx, -xy) } else { (-xy, largest - yy) };
        let length = tx.hypot(ty);
        if length < 1e-12 { [0.0, 1.0] } else { [tx / length, ty / length] }
    })
}
