use inkcast_frame::Plane;
use rayon::prelude::*;

/// `plane` at the size of `small`, which must be no larger: each pixel is the mean of the area that it covers, with the
/// pixels on the rim of the area weighed by how much of them it covers.
///
/// # Panics
/// If `small` is empty or larger than `plane`.
pub fn shrink<T: Copy + Default + Send + Sync + Into<f32> + FromMean>(
    plane: &Plane<[T; 4]>,
    small: &mut Plane<[T; 4]>,
) {
    let (from, to) = (plane.size(), small.size());
    assert!(to.0 > 0 && to.1 > 0 && to.0 <= from.0 && to.1 <= from.1, "{to:?} is no smaller size of {from:?}");
    small.data_mut().par_chunks_mut(to.0).enumerate().for_each(|(y, out)| {
        let rows = Area::new(y, from.1, to.1);
        for (x, out) in out.iter_mut().enumerate() {
            let columns = Area::new(x, from.0, to.0);
            let mut sum = [0.0f32; 4];
            for (y, down) in rows.pixels() {
                let row = plane.row(y);
                for (x, across) in columns.pixels() {
                    let weight = down * across;
                    sum.iter_mut().zip(row[x]).for_each(|(sum, value)| *sum += weight * value.into());
                }
            }
            *out = sum.map(|sum| T::from_mean(sum * rows.share * columns.share));
        }
    });
}

/// The same for confidences: the least one of an area counts, so that nothing doubtful is trusted.
pub fn shrink_confidence(plane: &Plane<u8>, small: &mut Plane<u8>) {
    let (from, to) = (plane.size(), small.size());
    assert!(to.0 > 0 && to.1 > 0 && to.0 <= from.0 && to.1 <= from.1, "{to:?} is no smaller size of {from:?}");
    small.data_mut().par_chunks_mut(to.0).enumerate().for_each(|(y, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let columns = Area::new(x, from.0, to.0);
            let least =
                Area::new(y, from.1, to.1).pixels().flat_map(|(y, _)| columns.pixels().map(move |(x, _)| (x, y)));
            *out = least.map(|(x, y)| plane.at(x, y)).min().unwrap_or_default();
        }
    });
}

/// What a sample can be made from.
pub trait FromMean {
    /// The nearest value; means never leave the range.
    fn from_mean(mean: f32) -> Self;
}

impl FromMean for u8 {
    fn from_mean(mean: f32) -> Self {
        (mean + 0.5) as u8
    }
}

impl FromMean for i16 {
    fn from_mean(mean: f32) -> Self {
        (mean + 0.5).floor() as i16
    }
}

/// The stretch of `from` pixels that pixel `index` of `to` covers.
#[derive(Clone, Copy)]
struct Area {
    start: f32,
    end: f32,
    /// One over its length.
    share: f32,
    limit: usize,
}

impl Area {
    fn new(index: usize, from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let (start, end) = (index as f32 * scale, (index + 1) as f32 * scale);
        Area { start, end, share: 1.0 / (end - start), limit: from }
    }

    /// Its pixels and how much of each it covers.
    fn pixels(self) -> impl Iterator<Item = (usize, f32)> {
        let last = (self.end.ceil() as usize).min(self.limit);
        (self.start as usize..last).map(move |at| {
            let covered = self.end.min(at as f32 + 1.0) - self.start.max(at as f32);
            (at, covered.max(0.0))
        })
    }
}
