use inkcast_frame::Plane;

/// Changes the size of RGB pictures: each pixel becomes the mean of the area that it covers.
#[derive(Debug, Default)]
pub struct Scaler {
    from: (usize, usize),
    to: (usize, usize),
    columns: Vec<Share>,
    rows: Vec<Share>,
    sums: Vec<f32>,
}

/// The pixels that one new pixel covers along one side, and how much of each.
#[derive(Debug)]
struct Share {
    first: usize,
    weights: Vec<f32>,
}

impl Scaler {
    /// Scales a picture of `from` pixels, whose rows of R, G, B bytes `row` gives, to `to` pixels.
    pub fn scale<'a>(
        &mut self,
        from: (usize, usize),
        row: impl Fn(usize) -> &'a [u8],
        to: (usize, usize),
    ) -> Plane<[u8; 3]> {
        if (self.from, self.to) != (from, to) {
            (self.from, self.to) = (from, to);
            (self.columns, self.rows) = (shares(from.0, to.0), shares(from.1, to.1));
        }
        let mut scaled = Plane::new(to.0, to.1);
        for y in 0..to.1 {
            if from == to {
                let pixels = row(y).chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
                scaled.row_mut(y).iter_mut().zip(pixels).for_each(|(scaled, pixel)| *scaled = pixel);
                continue;
            }
            self.sums.clear();
            self.sums.resize(3 * from.0, 0.0);
            let Share { first, weights } = &self.rows[y];
            for (index, weight) in weights.iter().enumerate() {
                let bytes = row(first + index);
                self.sums.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += weight * f32::from(*byte));
            }
            for (scaled, Share { first, weights }) in scaled.row_mut(y).iter_mut().zip(&self.columns) {
                let mut mean = [0.5f32; 3];
                for (index, weight) in weights.iter().enumerate() {
                    let pixel = &self.sums[3 * (first + index)..][..3];
                    (0..3).for_each(|channel| mean[channel] += weight * pixel[channel]);
                }
                *scaled = mean.map(|mean| mean as u8);
            }
        }
        scaled
    }
}

/// How `from` pixels share out over `to`.
fn shares(from: usize, to: usize) -> Vec<Share> {
    // In units of 1/to of an old pixel, a new one is `from` long.
    (0..to)
        .map(|index| {
            let (start, end) = (index * from, (index + 1) * from);
            let first = start / to;
            let weights = (first..end.div_ceil(to))
                .map(|pixel| (end.min((pixel + 1) * to) - start.max(pixel * to)) as f32 / from as f32);
            Share { first, weights: weights.collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(bytes: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<[u8; 3]> {
        let row = |y: usize| &bytes[3 * from.0 * y..3 * from.0 * (y + 1)];
        Scaler::default().scale(from, row, to).data().to_vec()
    }

    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|value| [*value; 3]).collect()
    }

    #[test]
    fn halves_are_means_of_four() {
        let bytes = [grey(&[0, 10, 20, 30]), grey(&[2, 12, 22, 33])].concat();
        assert_eq!(scale(&bytes, (4, 2), (2, 1)), [[6; 3], [26; 3]]);
    }

    #[test]
    fn pixels_are_shared_out_where_sizes_do_not_divide() {
        // Three to two: each takes one and a half.
        assert_eq!(scale(&grey(&[0, 90, 240]), (3, 1), (2, 1)), [[30; 3], [190; 3]]);
        // Two to three: the middle one takes half of both.
        assert_eq!(scale(&grey(&[0, 90]), (2, 1), (3, 1)), [[0; 3], [45; 3], [90; 3]]);
    }

    #[test]
    fn channels_stay_apart_and_equal_sizes_stay_as_they_are() {
        let bytes: Vec<u8> = (0..3 * 5 * 4).map(|n| (n * 37 % 251) as u8).collect();
        let pixels: Vec<[u8; 3]> = bytes.chunks(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        assert_eq!(scale(&bytes, (5, 4), (5, 4)), pixels);
        assert_eq!(scale(&[10, 20, 30, 30, 40, 50], (2, 1), (1, 1)), [[20, 30, 40]]);
    }

    #[test]
    fn the_mean_is_kept() {
        let bytes: Vec<u8> = (0..3 * 97 * 61).map(|n| (n * 7919 % 256) as u8).collect();
        let mean = |bytes: &[u8]| bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len() as f64;
        let scaled = scale(&bytes, (97, 61), (40, 26));
        assert!((mean(&bytes) - mean(&scaled.concat())).abs() < 0.2);
    }
}
