//! Between pictures and the generator's half-resolution maps: pixel-unshuffle on the way in, pixel-shuffle and the
//! residual from the source on the way out.
//!
//! Sizes that are not multiples of 4 are completed by repeating the last column and row, and cropped on the way out.

#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_ONE, Layers, Picture};
use rayon::prelude::*;

use crate::FeatureMap;

/// Channels of an unshuffled picture: red, green and blue of a 2x2 block, in the order `colour * 4 + dy * 2 + dx`.
pub const UNSHUFFLED: usize = 12;
/// Channels of the generator's last map: four layers of a 2x2 block, in the order `(dy * 2 + dx) * 4 + layer`.
pub const SHUFFLED: usize = 16;

/// Pixel-unshuffle of the RGB of `picture`, as 0..1, into `map`, which has half the size, rounded up, or more.
pub fn unshuffle(picture: &Picture, map: &mut FeatureMap) {
    let (width, height) = picture.size();
    assert!(map.channels() == UNSHUFFLED && 2 * map.width() >= width && 2 * map.height() >= height, "map size");
    map.rows_mut().enumerate().for_each(|(y, row)| {
        let rows = [2 * y, 2 * y + 1].map(|y| picture.row(y.min(height - 1)));
        for (x, pixel) in row.chunks_exact_mut(UNSHUFFLED).enumerate() {
            let columns = [2 * x, 2 * x + 1].map(|x| x.min(width - 1));
            for (dy, row) in rows.iter().enumerate() {
                for (dx, &column) in columns.iter().enumerate() {
                    let [r, g, b, _] = row[column].map(|code| f32::from(code) / 255.0);
                    pixel[dy * 2 + dx] = r;
                    pixel[4 + dy * 2 + dx] = g;
                    pixel[8 + dy * 2 + dx] = b;
                }
            }
        }
    });
}

/// `layers = clamp(source * rgb + change)`: the generator's change pixel-shuffled to full resolution, added to the
/// source mixed by the 3x3 matrix `source`, ink starting from zero; `change` is in 0..1.
pub fn join(picture: &Picture, source: &[[f32; 3]; 3], change: &FeatureMap, layers: &mut Layers) {
    let (width, height) = picture.size();
    assert!(change.channels() == SHUFFLED && 2 * change.width() >= width && 2 * change.height() >= height, "map size");
    assert_eq!(layers.size(), (width, height), "size of the layers");
    layers.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        let change = &change.row(y / 2)[y % 2 * 8..];
        for (x, (out, pixel)) in out.iter_mut().zip(picture.row(y)).enumerate() {
            let [r, g, b, _] = pixel.map(|code| f32::from(code) / 255.0);
            let at = x / 2 * SHUFFLED + x % 2 * 4;
            for (layer, value) in out.iter_mut().enumerate() {
                let base = source.get(layer).map_or(0.0, |m| m[0] * r + m[1] * g + m[2] * b);
                *value = ((base + change[at + layer]).clamp(0.0, 1.0) * f32::from(LAYER_ONE)).round_ties_even() as i16;
            }
        }
    });
}
