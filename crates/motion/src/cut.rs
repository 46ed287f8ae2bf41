use inkcast_frame::Plane;
use inkcast_kernels::search::Match;

/// A patch with more contrast than this many times the noise is textured.
const TEXTURE: f32 = 6.0;
/// Share of a patch's contrast that may stay unexplained in one that was found again.
const UNEXPLAINED: f32 = 0.3;
/// Share of the patches, textured in both frames, without which nothing can be told.
const ENOUGH: f32 = 0.1;
/// Fewer patches found again than this share are a cut, if the difference in luma stays above the other: in a scene that
/// goes on, even a fast one, more are found; where nothing changes much, a cut would gain nothing.
const FOUND: f32 = 0.7;
const DIFFERENT: f32 = 8.0 / 255.0;

/// Whether two frames show different scenes, from the matches of both directions on a coarse level, where motion is
/// small and noise is low, after brightness was made equal.
///
/// Texture decides and not brightness: scenes of similar brightness differ in it, while a flash or a fade keeps it.
/// A patch that is flat in one of the frames, because it is black, or white in a flash, says nothing.
pub(crate) fn is_cut(forward: &Plane<Match>, backward: &Plane<Match>, difference: &Plane, noise: f32) -> bool {
    let is_textured = |found: &Match| found.contrast > TEXTURE * noise;
    let is_found = |found: &Match| found.error < UNEXPLAINED * found.contrast;
    let (mut textured, mut found) = (0, 0);
    for (there, back) in forward.data().iter().zip(backward.data()) {
        if is_textured(there) && is_textured(back) {
            textured += 1;
            found += usize::from(is_found(there));
        }
    }
    let total: f32 = difference.data().iter().map(|value| value.abs()).sum();
    textured as f32 > ENOUGH * forward.data().len() as f32
        && (found as f32) < FOUND * textured as f32
        && total > DIFFERENT * difference.data().len() as f32
}
