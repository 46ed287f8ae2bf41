use inkcast_frame::Plane;

/// Grey level from which on nothing counts as ink.
const INK: u8 = 40;

/// Share of the pixels with luma below 40 grey levels.
pub fn ink_share(luma: &Plane<u8>) -> f64 {
    luma.data().iter().filter(|&&value| value < INK).count() as f64 / luma.data().len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_what_is_darker_than_40() {
        let ramp = Plane::from_fn(256, 1, |x, _| x as u8);
        assert_eq!(ink_share(&ramp), 40.0 / 256.0);
    }
}
