use inkcast_frame::Plane;
use inkcast_kernels::Bordered;
use inkcast_kernels::search::{Match, PATCH, STEP};

use crate::{Exposure, ordered};

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

/// Difference in luma that a picture after a flat one has to have; a fade from black has less.
const NEW: f32 = 30.0 / 255.0;
/// A frame with less than this share of the texture of the next one is next to flat: a bright edge around black, say.
const SPARSE: f32 = 0.25;
/// Luma from which on a camera may have burnt a pixel out.
const BURNT: f32 = 0.97;

/// What was found on a coarse level, where motion is small and noise is low.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub current: &'a Bordered,
    /// As bright as the new frame.
    pub previous: &'a Bordered,
    /// What was done to make it so.
    pub exposure: Exposure,
    pub forward: &'a Plane<Match>,
    pub backward: &'a Plane<Match>,
    /// Difference in luma that the flow leaves.
    pub difference: &'a Plane,
    /// Variance of the difference of two pixels that show the same.
    pub noise: f32,
}

/// Whether two frames show different scenes.
///
/// Texture decides and not brightness: scenes of similar brightness differ in it, while a flash or a fade keeps it.
/// A patch that is flat or burnt out in one of the frames, because it is black, or white in a flash, says nothing. After
/// a frame that is next to flat all over, and not white, a picture that differs a lot is another scene.
pub(crate) fn is_cut(evidence: &Evidence<'_>) -> bool {
    let differences = evidence.difference.data();
    let difference = mean_of(differences.len(), |i| differences[i].abs());
    // Looking at single pixels is only for what looks like a cut already.
    difference > DIFFERENT
        && (is_lost(evidence, |_, _| false) && is_lost(evidence, |i, j| evidence.is_burnt(i, j))
            || difference.max(evidence.change_of_mean()) > NEW && evidence.is_after_nothing())
}

/// Whether too few of the patches that both frames could show are found again.
fn is_lost(evidence: &Evidence<'_>, is_left_out: impl Fn(usize, usize) -> bool) -> bool {
    let Evidence { forward, backward, noise, .. } = *evidence;
    let is_textured = |found: Match| found.contrast > TEXTURE * noise;
    let (mut textured, mut found) = (0, 0);
    for j in 0..forward.height() {
        for i in 0..forward.width() {
            let there = forward.at(i, j);
            if is_textured(there) && is_textured(backward.at(i, j)) && !is_left_out(i, j) {
                textured += 1;
                found += usize::from(there.error < UNEXPLAINED * there.contrast);
            }
        }
    }
    textured as f32 > ENOUGH * forward.data().len() as f32 && (found as f32) < FOUND * textured as f32
}

impl Evidence<'_> {
    /// Whether there is texture now and was next to none, nor white, before.
    fn is_after_nothing(&self) -> bool {
        let share = |matches: &Plane<Match>| {
            let textured = matches.data().iter().filter(|found| found.contrast > TEXTURE * self.noise).count();
            textured as f32 / matches.data().len() as f32
        };
        let is_white = self.exposure == Exposure::default() && mean(self.previous) > 0.9;
        let (before, now) = (share(self.backward), share(self.forward));
        before < ENOUGH.max(SPARSE * now) && now > ENOUGH && !is_white
    }

    /// How far the mean of luma has moved; what little a dark frame shows can fit the next one's brightness by chance, so
    /// that it does not count as explained.
    fn change_of_mean(&self) -> f32 {
        let Exposure { gain, offset } = self.exposure;
        let before = (mean(self.previous) - offset) / gain.max(f32::MIN_POSITIVE);
        (mean(self.current) - before).abs()
    }

    /// Whether a patch or what surrounds it is burnt out in one of the frames.
    fn is_burnt(&self, i: usize, j: usize) -> bool {
        let Exposure { gain, offset } = self.exposure;
        let rows = (j * STEP) as isize - 2..(j * STEP + PATCH) as isize + 2;
        rows.into_iter().any(|y| {
            let x = (i * STEP) as isize - 2;
            let (now, before) =
                (self.current.around::<{ PATCH + 4 }>(x, y), self.previous.around::<{ PATCH + 4 }>(x, y));
            now.iter().any(|&value| value > BURNT)
                || before.iter().any(|&value| value > (gain * BURNT + offset).min(BURNT))
        })
    }
}

fn mean(luma: &Bordered) -> f32 {
    let (width, height) = luma.size();
    mean_of(width * height, |i| luma.at((i % width) as isize, (i / width) as isize))
}

fn mean_of(count: usize, value: impl Fn(usize) -> f32) -> f32 {
    let [sum] = ordered::sums(count, |i| [f64::from(value(i))]);
    (sum / count as f64) as f32
}
