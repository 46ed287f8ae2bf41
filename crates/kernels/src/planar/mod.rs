//! Between pictures and layers, where the values of a pixel lie together, and the tensors of Candle: planes one after
//! another, `[channels, height, width]`, of numbers in 0..1, both sides completed to multiples of 4 by repeating the last
//! column and row.

#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_ONE, Layers, Picture};

use crate::shuffle::Carried;

/// Planes of a picture: red, green and blue.
pub const PICTURE_PLANES: usize = 3;
/// Planes of what is carried: red, green, blue and ink of the previous layers, and the trust in them.
pub const CARRIED_PLANES: usize = 5;
/// Planes of layers: red, green, blue and ink.
pub const LAYER_PLANES: usize = 4;

/// The sides of the planes for a picture of this size.
pub fn padded((width, height): (usize, usize)) -> (usize, usize) {
    (width.next_multiple_of(4), height.next_multiple_of(4))
}

/// Fills [`PICTURE_PLANES`].
///
/// # Panics
/// If `planes` has another length than they have.
pub fn from_picture(picture: &Picture, planes: &mut [f32]) {
    fill(picture.size(), PICTURE_PLANES, planes, |x, y, plane| f32::from(picture.at(x, y)[plane]) / 255.0);
}

/// Fills [`CARRIED_PLANES`].
///
/// # Panics
/// If `planes` has another length than they have, or confidence another size than the layers.
pub fn from_carried(carried: Carried<'_>, planes: &mut [f32]) {
    let Carried { layers, confidence } = carried;
    assert_eq!(layers.size(), confidence.size(), "size of what is carried");
    fill(layers.size(), CARRIED_PLANES, planes, |x, y, plane| {
        let layer = layers.at(x, y).get(plane).map(|&layer| f32::from(layer) / f32::from(LAYER_ONE));
        layer.unwrap_or_else(|| f32::from(confidence.at(x, y)) / 255.0)
    });
}

fn fill(size: (usize, usize), count: usize, planes: &mut [f32], value: impl Fn(usize, usize, usize) -> f32) {
    let ((width, height), (full_width, full_height)) = (size, padded(size));
    assert_eq!(planes.len(), count * full_width * full_height, "numbers of {count} planes");
    for (index, place) in planes.iter_mut().enumerate() {
        let (x, y) = (index % full_width, index / full_width % full_height);
        *place = value(x.min(width - 1), y.min(height - 1), index / full_width / full_height);
    }
}

/// Layers from their planes, limited to 0..1 and rounded to the nearest step, halves to even.
///
/// # Panics
/// If `planes` has another length than [`LAYER_PLANES`] for `layers` have.
pub fn to_layers(planes: &[f32], layers: &mut Layers) {
    let (width, (full_width, full_height)) = (layers.width(), padded(layers.size()));
    let area = full_width * full_height;
    assert_eq!(planes.len(), LAYER_PLANES * area, "numbers of planes of layers");
    for (index, layer) in layers.data_mut().iter_mut().enumerate() {
        let at = index / width * full_width + index % width;
        *layer = [0, 1, 2, 3].map(|plane| {
            let value = planes[plane * area + at].clamp(0.0, 1.0);
            (value * f32::from(LAYER_ONE)).round_ties_even() as i16
        });
    }
}
