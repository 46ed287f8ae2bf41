use inkcast_frame::{LAYER_ONE, Layers, Picture};
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;

/// Pixels of a row that are worked on together.
const CHUNK: usize = 64;
/// Share of the factor of the sizes, beyond one, by which the contrast of ink is raised, and how far the threshold goes
/// from one half towards full ink.
const INK_CONTRAST: f32 = 0.5;
const INK_THRESHOLD: f32 = 0.2;
/// Difference of a picture's codes at which a neighbour counts half.
const SIGMA: f32 = 10.0;

/// `small` at the size of `picture`, guided by it. `small_picture` is the picture that `small` was made from.
///
/// - **Colour** is joint bilateral upsampling (Kopf et al., SIGGRAPH 2007) over the four nearest pixels: besides its distance
///   each counts by how much the picture there looks like the picture here, so that fills end where things end.
/// - **Ink** is interpolated linearly, and its contrast raised about a threshold above one half: around it coverage is a
///   distance to the rim, as in text drawn from distance fields. So rims become sharp, and lines, which the network draws
///   as many pixels wide at every size, lose part of the width that the factor of the sizes gives them.
///
/// # Panics
/// If the sizes do not belong together.
pub fn enlarge(level: Level, small: &Layers, small_picture: &Picture, picture: &Picture, layers: &mut Layers) {
    let ((width, height), (small_width, small_height)) = (picture.size(), small.size());
    assert_eq!(small.size(), small_picture.size(), "sizes of the small layers and their picture");
    assert!(
        small_width > 0 && small_width <= width && small_height > 0 && small_height <= height,
        "size of the layers"
    );
    layers.resize(width, height);
    let ink = Ink::new(picture.size(), small.size());
    layers.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        let (upper, lower, down) = between(y, height, small_height);
        let rows = [upper, lower].map(|row| (small.row(row), small_picture.row(row)));
        for (index, out) in out.chunks_mut(CHUNK).enumerate() {
            let x = index * CHUNK;
            let mut around = Around::NONE;
            around.down = down;
            for i in 0..out.len() {
                let (left, right, across) = between(x + i, width, small_width);
                around.across[i] = across;
                around.here[i] = picture.row(y)[x + i];
                for (j, (layers, picture)) in rows.iter().enumerate() {
                    around.layers[2 * j][i] = layers[left];
                    around.layers[2 * j + 1][i] = layers[right];
                    around.picture[2 * j][i] = picture[left];
                    around.picture[2 * j + 1][i] = picture[right];
                }
            }
            let mut mixed = [[0; 4]; CHUNK];
            mix(level, &around, ink, &mut mixed);
            out.copy_from_slice(&mixed[..out.len()]);
        }
    });
}

/// The pixels before and behind the centre of pixel `at` of `large` in a row of `small`, and how far it is to the second.
fn between(at: usize, large: usize, small: usize) -> (usize, usize, f32) {
    let position = (at as f32 + 0.5) * (small as f32 / large as f32) - 0.5;
    let position = position.clamp(0.0, small as f32 - 1.0);
    let first = position as usize;
    (first, (first + 1).min(small - 1), position - first as f32)
}

/// How ink is made crisp.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub contrast: f32,
    /// The value that becomes one half.
    pub threshold: f32,
}

impl Ink {
    pub fn new((width, height): (usize, usize), (small_width, small_height): (usize, usize)) -> Self {
        let factor = (width as f32 / small_width as f32).max(height as f32 / small_height as f32);
        Ink {
            contrast: 1.0 + INK_CONTRAST * (factor - 1.0),
            threshold: LAYER_ONE as f32 * (0.5 + INK_THRESHOLD * (1.0 - 1.0 / factor)),
        }
    }
}

/// A chunk's pixels and the four small ones around each: upper left, upper right, lower left, lower right.
struct Around {
    across: [f32; CHUNK],
    down: f32,
    here: [[u8; 4]; CHUNK],
    layers: [[[i16; 4]; CHUNK]; 4],
    picture: [[[u8; 4]; CHUNK]; 4],
}

impl Around {
    const NONE: Around = Around {
        across: [0.0; CHUNK],
        down: 0.0,
        here: [[0; 4]; CHUNK],
        layers: [[[0; 4]; CHUNK]; 4],
        picture: [[[0; 4]; CHUNK]; 4],
    };
}

vectorised! {
    fn mix(around: &Around, how: Ink, out: &mut [[i16; 4]; CHUNK]) {
        const HALF: f32 = 0.5 * LAYER_ONE as f32;
        for i in 0..CHUNK {
            let (across, down) = (around.across[i], around.down);
            let near =
                [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down];
            let (mut colour, mut total, mut ink) = ([0.0f32; 3], 0.0f32, 0.0f32);
            for corner in 0..4 {
                let (there, layers) = (around.picture[corner][i], around.layers[corner][i]);
                let mut apart = 0.0;
                for c in 0..3 {
                    let difference = f32::from(there[c]) - f32::from(around.here[i][c]);
                    apart += difference * difference;
                }
                // Never quite nothing, so that a pixel unlike all its neighbours is their mean.
                let weight = near[corner] * (1.0 / (1.0 + apart * (1.0 / (SIGMA * SIGMA))) + 1e-4);
                total += weight;
                for c in 0..3 {
                    colour[c] += weight * f32::from(layers[c]);
                }
                ink += near[corner] * f32::from(layers[3]);
            }
            let ink = HALF + how.contrast * (ink - how.threshold);
            let [r, g, b] = colour.map(|sum| nearest(sum / total));
            out[i] = [r, g, b, nearest(ink)];
        }
    }
}

/// The nearest value that layers have.
#[inline(always)]
fn nearest(value: f32) -> i16 {
    let value = if value > 0.0 { value } else { 0.0 };
    let value = if value < LAYER_ONE as f32 { value } else { LAYER_ONE as f32 };
    // Adding so much that no fraction bits are left rounds, and the low bits are the number.
    (value + (1 << 23) as f32).to_bits() as i16
}
