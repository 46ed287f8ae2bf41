use inkcast_frame::Plane;

/// Range of luma, in grey levels, from which on a place is no longer flat.
const FLAT: u8 = 2;

/// Share of the pixels around which luma has a range below 2 grey levels, over the 3x3 pixels as far as they are in the
/// picture.
pub fn flat_share(luma: &Plane<u8>) -> f64 {
    let (width, height) = luma.size();
    let mut lows = vec![0; width];
    let mut highs = vec![0; width];
    let mut flat = 0u64;
    for y in 0..height {
        lows.copy_from_slice(luma.row(y));
        highs.copy_from_slice(luma.row(y));
        for other in [y.checked_sub(1), (y + 1 < height).then_some(y + 1)].into_iter().flatten() {
            for (x, value) in luma.row(other).iter().enumerate() {
                lows[x] = lows[x].min(*value);
                highs[x] = highs[x].max(*value);
            }
        }
        for x in 0..width {
            let around = x.saturating_sub(1)..(x + 2).min(width);
            let low = lows[around.clone()].iter().min().expect("the pixel itself");
            let high = highs[around].iter().max().expect("the pixel itself");
            flat += u64::from(high - low < FLAT);
        }
    }
    flat as f64 / luma.data().len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pixel_spoils_the_nine_around_it() {
        let spot = |level: u8| Plane::from_fn(10, 10, move |x, y| if (x, y) == (4, 4) { level } else { 100 });
        assert_eq!(flat_share(&spot(101)), 1.0);
        assert_eq!(flat_share(&spot(102)), 0.91);
        let corner = Plane::from_fn(10, 10, |x, y| if (x, y) == (9, 9) { 50 } else { 100 });
        assert_eq!(flat_share(&corner), 0.96);
        assert_eq!(flat_share(&Plane::new(1, 1)), 1.0);
    }
}
