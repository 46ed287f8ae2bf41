/// Sums that are kept side by side.
pub(crate) const LANES: usize = 256;

/// Sums of `count` terms, in an order that the threads of a block can keep as well: lane `i` adds the terms `i`,
/// `i + LANES` and so on, then the upper half of the lanes is added to the lower one until one is left.
pub(crate) fn sums<const N: usize>(count: usize, term: impl Fn(usize) -> [f64; N]) -> [f64; N] {
    let mut lanes = [[0.0; N]; LANES];
    let mut add = |lane: usize, term: [f64; N]| lanes[lane].iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
    (0..count).for_each(|i| add(i % LANES, term(i)));
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            let upper = lanes[lane + half];
            lanes[lane].iter_mut().zip(upper).for_each(|(sum, upper)| *sum += upper);
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_counts_once() {
        for count in [0, 1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES + 7] {
            let [number, sum] = sums(count, |i| [1.0, i as f64]);
            assert_eq!((number, sum), (count as f64, (count * count.saturating_sub(1) / 2) as f64));
        }
    }

    #[test]
    fn the_order_is_that_of_lanes() {
        // One is lost beside 1e16: only a lane that adds its own terms first gives this.
        let terms = |i: usize| {
            if i == 0 {
                [1e16]
            } else if i == LANES {
                [-1e16]
            } else {
                [1.0]
            }
        };
        assert_eq!(sums(LANES + 1, terms), [(LANES - 1) as f64]);
    }
}
