//! Between pictures and the generator's half-resolution rows: pixel-unshuffle on the way in, pixel-shuffle and the
//! residual from the source on the way out.
//!
//! Sizes that are not multiples of 4 are completed by repeating the last column and row, and cropped on the way out.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_STEP, Layers, Picture, Plane};

use crate::Level;

/// Channels of an unshuffled picture: a 2x2 block of its pixels as they lie, `(dy * 2 + dx) * 4 + byte`.
pub const PICTURE_CHANNELS: usize = 16;
/// Channels of an unshuffled picture with what is carried from the previous frame: behind those of the picture, where
/// confidence has taken the place of luma, the previous layers as codes, `16 + (dy * 2 + dx) * 4 + layer`.
pub const CARRIED_CHANNELS: usize = 32;
/// Channels of the generator's last row: four layers of a 2x2 block, `(dy * 2 + dx) * 4 + layer`.
pub const CHANGE_CHANNELS: usize = 16;

/// What the generator may know of the previous frame.
#[derive(Debug, Clone, Copy)]
pub struct Carried<'a> {
    /// The previous layers, moved to where the new picture has them.
    pub layers: &'a Layers,
    /// Trust in them, 255 = full; of the same size.
    pub confidence: &'a Plane<u8>,
}

/// Pixel-unshuffle of rows `2 y` and `2 y + 1` of `picture` into [`PICTURE_CHANNELS`] for each pixel of `output`.
pub fn unshuffle_row(picture: &Picture, y: usize, output: &mut [u8]) {
    for_each_block::<_, PICTURE_CHANNELS>(picture, y, output, |block, [upper, lower]| {
        block[..8].copy_from_slice(upper.as_flattened());
        block[8..].copy_from_slice(lower.as_flattened());
    });
}

/// As [`unshuffle_row`], into [`CARRIED_CHANNELS`] for each pixel; without a previous frame its channels are zero.
///
/// # Panics
/// If what is carried has another size than the picture.
pub fn unshuffle_carried_row(picture: &Picture, carried: Option<Carried<'_>>, y: usize, output: &mut [u8]) {
    for_each_block::<_, CARRIED_CHANNELS>(picture, y, output, |block, [upper, lower]| {
        block[..8].copy_from_slice(upper.as_flattened());
        block[8..16].copy_from_slice(lower.as_flattened());
        [block[3], block[7], block[11], block[15]] = [0; 4];
        block[16..].fill(0);
    });
    let Some(Carried { layers, confidence }) = carried else { return };
    assert!(layers.size() == picture.size() && confidence.size() == picture.size(), "size of what is carried");
    for_each_block::<_, CARRIED_CHANNELS>(confidence, y, output, |block, [upper, lower]| {
        [block[3], block[7], block[11], block[15]] = [upper[0], upper[1], lower[0], lower[1]];
    });
    // To the nearest code.
    let code = |value: i16| ((value + LAYER_STEP / 2) / LAYER_STEP) as u8;
    for_each_block::<_, CARRIED_CHANNELS>(layers, y, output, |block, [upper, lower]| {
        for (codes, value) in block[16..24].iter_mut().zip(upper.as_flattened()) {
            *codes = code(*value);
        }
        for (codes, value) in block[24..].iter_mut().zip(lower.as_flattened()) {
            *codes = code(*value);
        }
    });
}

/// Gives each block of `C` channels the pair of pixels above and the pair below that it stands for.
fn for_each_block<T: Copy + Default, const C: usize>(
    plane: &Plane<T>,
    y: usize,
    output: &mut [u8],
    write: impl Fn(&mut [u8; C], [[T; 2]; 2]),
) {
    let last = plane.width() - 1;
    let [upper, lower] = [2 * y, 2 * y + 1].map(|y| plane.row(y.min(plane.height() - 1)));
    let (upper_pairs, lower_pairs) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
    let blocks = output.as_chunks_mut::<C>().0;
    let whole = upper_pairs.len().min(blocks.len());
    let (inside, outside) = blocks.split_at_mut(whole);
    for ((block, &upper), &lower) in inside.iter_mut().zip(upper_pairs).zip(lower_pairs) {
        write(block, [upper, lower]);
    }
    for (index, block) in outside.iter_mut().enumerate() {
        let columns = [0, 1].map(|dx| (2 * (whole + index) + dx).min(last));
        write(block, [upper, lower].map(|row| columns.map(|x| row[x])));
    }
}

/// The residual from the source: a 3x3 matrix from its codes to the colours of the layers.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// What each unit of red, green and blue adds to the four layers; nothing to the ink.
    columns: [[f32; 4]; 3],
}

impl Source {
    /// From a matrix `[layer][colour]` between values in 0..1.
    pub fn new(matrix: &[[f32; 3]; 3]) -> Self {
        let column = |j: usize| [0, 1, 2].map(|i: usize| matrix[i][j] * f32::from(LAYER_STEP));
        let columns = [0, 1, 2].map(|j| {
            let [r, g, b] = column(j);
            [r, g, b, 0.0]
        });
        Source { columns }
    }

    /// What each unit of red, green and blue adds to the four layers.
    pub fn columns(&self) -> &[[f32; 4]; 3] {
        &self.columns
    }
}

/// One row of layers, `clamp(source * rgb + change)`, from a row of a picture and the row of the generator's change
/// that covers it: [`CHANGE_CHANNELS`] for each 2x2 block, in the units of layers. `lower` says which of the block's two
/// rows this is. Rounds to the nearest layer, halves to even; every level gives the same.
///
/// # Panics
/// If the row of change is too short or the processor lacks the level.
pub fn join_row(
    level: Level,
    picture: &[[u8; 4]],
    source: &Source,
    change: &[f32],
    lower: bool,
    layers: &mut [[i16; 4]],
) {
    assert_eq!(picture.len(), layers.len(), "size of the layers");
    assert!(change.len() >= picture.len().div_ceil(2) * CHANGE_CHANNELS, "size of the change");
    assert!(level.is_available(), "this processor has no {level}");
    let change = if lower { &change[CHANGE_CHANNELS / 2..] } else { change };
    // The vector kernels do what fills their registers and tell how many pixels that was.
    let done = match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => avx2::join(picture, source, change, layers),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Vnni => avx512::join(picture, source, change, layers),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::join(picture, source, change, layers),
        _ => 0,
    };
    scalar::join(picture, source, change, layers, done);
}
