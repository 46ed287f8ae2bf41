use inkcast_frame::LAYER_ONE;

use super::{CHANGE_CHANNELS, Source};

/// The definition, from pixel `start` on.
pub(super) fn join(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]], start: usize) {
    let [red, green, blue] = &source.columns;
    for x in start..picture.len() {
        let [r, g, b, _] = picture[x].map(f32::from);
        let change = &change[x / 2 * CHANGE_CHANNELS + x % 2 * 4..][..4];
        for layer in 0..4 {
            let base = r * red[layer] + g * green[layer] + b * blue[layer];
            let value = (base + change[layer]).clamp(0.0, LAYER_ONE.into());
            layers[x][layer] = value.round_ties_even() as i16;
        }
    }
}
