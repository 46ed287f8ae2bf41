use anyhow::{Result, ensure};
use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

/// How the frames of a sequence move that is made of a still: the camera by a similarity, the scene by waves, things in
/// front by patches of another picture. The motion from frame to frame is known exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sequences {
    /// Frames of a sequence, at most 4; 1 trains on single frames alone.
    pub frames: usize,
    /// Share of the batches that are sequences.
    pub share: f32,
    /// Share of the sequences that are taken from clips as they are, with the motion that the player would find in them; the
    /// others are made of stills.
    #[serde(default)]
    pub clips: f32,
    /// Share of the sequences of stills whose camera stands still, so that only noise and exposure change.
    pub still: f32,
    /// Largest shift from frame to frame, in pixels; small ones are the more frequent.
    pub shift: f32,
    /// Largest rotation from frame to frame in degrees, and largest zoom in per cent.
    pub turn: f32,
    /// Largest local displacement from frame to frame, in pixels.
    pub waves: f32,
    /// Share of the sequences in which something covers the scene in earlier frames.
    pub occluders: f32,
    /// Largest relative change of exposure from frame to frame.
    pub flicker: f32,
    /// Standard deviation in pixels of the error in the motion that the network is told.
    pub motion_error: f32,
}

impl Sequences {
    /// Refuses numbers out of range by their key.
    pub fn validate(&self) -> Result<()> {
        ensure!((1..=4).contains(&self.frames), "temporal.sequences.frames is {}, it must be 1 to 4", self.frames);
        let shares =
            [("share", self.share), ("clips", self.clips), ("still", self.still), ("occluders", self.occluders)];
        for (key, value) in shares {
            ensure!((0.0..=1.0).contains(&value), "temporal.sequences.{key} is {value}, it must lie in 0..1");
        }
        let sizes = [
            ("shift", self.shift, 64.0),
            ("turn", self.turn, 10.0),
            ("waves", self.waves, 4.0),
            ("flicker", self.flicker, 0.5),
            ("motion-error", self.motion_error, 8.0),
        ];
        for (key, value, most) in sizes {
            ensure!((0.0..=most).contains(&value), "temporal.sequences.{key} is {value}, it must lie in 0..{most}");
        }
        Ok(())
    }

    /// Draws the motion of one sequence for crops of `size` pixels.
    pub(super) fn draw(&self, size: usize, rng: &mut StdRng) -> Motion {
        let moves = if rng.random::<f32>() < self.still { 0.0 } else { 1.0 };
        let angle = rng.random_range(0.0..std::f32::consts::TAU);
        let distance = moves * self.shift * rng.random::<f32>().powi(2);
        let turn = moves * self.turn * symmetric(rng) * rng.random::<f32>();
        let zoom = moves * self.turn * symmetric(rng) * rng.random::<f32>() / 100.0;
        let wave_angle = rng.random_range(0.0..std::f32::consts::TAU);
        let wave_length = rng.random_range(40.0..120.0);
        Motion {
            centre: (size as f32 - 1.0) / 2.0,
            shift: [distance * angle.cos(), distance * angle.sin()],
            turn: turn.to_radians(),
            zoom,
            // A steep wave would fold the picture over itself.
            wave: moves * self.waves.min(wave_length / 12.0) * rng.random::<f32>(),
            wave_vector: [wave_angle.cos(), wave_angle.sin()].map(|c| c * std::f32::consts::TAU / wave_length),
            wave_phase: rng.random_range(0.0..std::f32::consts::TAU),
        }
    }
}

impl Sequences {
    /// Draws something in front of the scene, for the share of the sequences that have such.
    pub(super) fn draw_occluder(&self, size: usize, rng: &mut StdRng) -> Option<Occluder> {
        let is_there = rng.random::<f32>() < self.occluders;
        let largest = size as f32 / 5.0;
        let mut place = || rng.random_range(0.0..size as f32);
        let centre = [place(), place()];
        let speed = [12.0 * symmetric(rng), 12.0 * symmetric(rng)];
        let radii = [(); 2].map(|()| rng.random_range(0.2..1.0) * largest);
        let noticed = if rng.random::<f32>() < 0.8 { 0.0 } else { 0.5 };
        is_there.then_some(Occluder { centre, speed, radii, confidence: noticed })
    }

    /// How frame `k` finds itself in frame `k + 1`, the one before: places and confidence, as planes. The motion has an
    /// error, as any estimate; a few links are quite wrong and only half trusted.
    pub(super) fn link(
        &self,
        k: usize,
        size: usize,
        motion: &Motion,
        occluder: Option<&Occluder>,
        rng: &mut StdRng,
    ) -> (Vec<f32>, Vec<f32>) {
        let is_wrong = !motion.is_still() && rng.random::<f32>() < WRONG;
        let deviation = if is_wrong {
            2.0
        } else if motion.is_still() {
            0.0
        } else {
            self.motion_error
        };
        let error = [(); 2].map(|()| deviation * (symmetric(rng) + symmetric(rng) + symmetric(rng)));
        let sure = if is_wrong {
            rng.random_range(0.1..0.7)
        } else if rng.random::<f32>() < 0.6 {
            1.0
        } else {
            rng.random_range(0.3..1.0)
        };
        let pixels = size * size;
        let (mut places, mut confidence) = (vec![0.0; 2 * pixels], vec![0.0; pixels]);
        let last = size as f32 - 1.0;
        for index in 0..pixels {
            let place = [(index % size) as f32, (index / size) as f32];
            let earlier = if motion.is_still() { place } else { motion.earlier(k, place) };
            let [x, y] = [earlier[0] + error[0], earlier[1] + error[1]];
            (places[index], places[pixels + index]) = (x, y);
            let is_inside = (0.0..=last).contains(&x) && (0.0..=last).contains(&y);
            let covered = occluder.filter(|o| o.covers(k + 1, earlier) || (k > 0 && o.covers(k, place)));
            confidence[index] = match covered {
                _ if !is_inside => 0.0,
                Some(occluder) => occluder.confidence.min(sure),
                None => sure,
            };
        }
        (places, confidence)
    }
}

/// Share of the links whose motion is wrong.
const WRONG: f32 = 0.1;

/// An ellipse of another picture in front of the earlier frames.
pub(super) struct Occluder {
    centre: [f32; 2],
    /// Pixels from frame to frame, back in time.
    speed: [f32; 2],
    radii: [f32; 2],
    /// Trust in what it covered: zero, or more if it went unnoticed.
    confidence: f32,
}

impl Occluder {
    fn covers(&self, k: usize, place: [f32; 2]) -> bool {
        let part = |c: usize| (place[c] - self.centre[c] - k as f32 * self.speed[c]) / self.radii[c];
        part(0).powi(2) + part(1).powi(2) < 1.0
    }

    /// Puts `cover` over frame `k`, both three planes.
    pub fn cover(&self, k: usize, frame: &mut [f32], cover: &[f32], size: usize) {
        let pixels = size * size;
        for index in 0..pixels {
            if self.covers(k, [(index % size) as f32, (index / size) as f32]) {
                (0..3).for_each(|c| frame[c * pixels + index] = cover[c * pixels + index]);
            }
        }
    }
}

/// Evenly from -1..1.
fn symmetric(rng: &mut StdRng) -> f32 {
    2.0 * rng.random::<f32>() - 1.0
}

/// The motion of a sequence. Frame 0 is the newest and shows the crop as it is; frame `k`, the one `k` frames earlier,
/// shows at each place what [`Motion::source`] says.
pub(super) struct Motion {
    centre: f32,
    shift: [f32; 2],
    turn: f32,
    zoom: f32,
    wave: f32,
    wave_vector: [f32; 2],
    wave_phase: f32,
}

impl Motion {
    /// Whether all frames show the same.
    pub fn is_still(&self) -> bool {
        self.shift == [0.0; 2] && self.turn == 0.0 && self.zoom == 0.0 && self.wave == 0.0
    }

    /// The place in the crop that frame `k` shows at `(x, y)`.
    pub fn source(&self, k: usize, [x, y]: [f32; 2]) -> [f32; 2] {
        let k = k as f32;
        let (sin, cos) = (k * self.turn).sin_cos();
        let scale = (1.0 + self.zoom).powf(k);
        let (dx, dy) = (x - self.centre, y - self.centre);
        let phase = self.wave_vector[0] * x + self.wave_vector[1] * y + self.wave_phase;
        let wave = k * self.wave;
        [
            self.centre + scale * (cos * dx - sin * dy) + k * self.shift[0] + wave * phase.sin(),
            self.centre + scale * (sin * dx + cos * dy) + k * self.shift[1] + wave * phase.cos(),
        ]
    }

    /// Where frame `k + 1` shows what frame `k` shows at `place`: the place that a warp of the earlier frame reads.
    pub fn earlier(&self, k: usize, place: [f32; 2]) -> [f32; 2] {
        let wanted = self.source(k, place);
        // Both frames differ little, so that the difference of their sources is nearly the way still to go.
        let mut found = place;
        for _ in 0..6 {
            let shown = self.source(k + 1, found);
            found = [found[0] + wanted[0] - shown[0], found[1] + wanted[1] - shown[1]];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    pub(super) fn lively() -> Sequences {
        Sequences {
            frames: 3,
            share: 1.0,
            clips: 0.0,
            still: 0.0,
            shift: 8.0,
            turn: 1.5,
            waves: 2.0,
            occluders: 0.5,
            flicker: 0.02,
            motion_error: 0.2,
        }
    }

    #[test]
    fn earlier_frames_show_the_same_thing_there() {
        let mut rng = StdRng::seed_from_u64(5);
        for _ in 0..50 {
            let motion = lively().draw(192, &mut rng);
            for k in 0..2 {
                let place = [rng.random_range(0.0..192.0), rng.random_range(0.0..192.0)];
                let [x, y] = motion.source(k + 1, motion.earlier(k, place));
                let [wanted_x, wanted_y] = motion.source(k, place);
                assert!((x - wanted_x).abs() < 0.02 && (y - wanted_y).abs() < 0.02, "{x} {wanted_x}, {y} {wanted_y}");
            }
        }
    }

    #[test]
    fn a_plain_shift_by_hand() {
        let motion = Motion {
            centre: 50.0,
            shift: [3.0, -1.0],
            turn: 0.0,
            zoom: 0.0,
            wave: 0.0,
            wave_vector: [0.1; 2],
            wave_phase: 0.0,
        };
        // The earlier frame shows at x what lies at x + 3: what is at 10 now was at 7 then.
        assert_eq!(motion.source(1, [10.0, 20.0]), [13.0, 19.0]);
        assert_eq!(motion.earlier(0, [10.0, 20.0]), [7.0, 21.0]);
        assert_eq!(motion.earlier(1, [10.0, 20.0]), [7.0, 21.0]);
        assert!(!motion.is_still());
    }

    #[test]
    fn a_still_sequence_stays_where_it_is() {
        let motion = Sequences { still: 1.0, ..lively() }.draw(64, &mut StdRng::seed_from_u64(1));
        assert!(motion.is_still());
        assert_eq!(motion.earlier(0, [3.0, 4.0]), [3.0, 4.0]);
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let error = Sequences { frames: 9, ..lively() }.validate().unwrap_err().to_string();
        assert!(error.contains("temporal.sequences.frames is 9"), "{error}");
        let error = Sequences { occluders: 1.5, ..lively() }.validate().unwrap_err().to_string();
        assert!(error.contains("temporal.sequences.occluders is 1.5"), "{error}");
        let error = Sequences { clips: -0.1, ..lively() }.validate().unwrap_err().to_string();
        assert!(error.contains("temporal.sequences.clips is -0.1"), "{error}");
        assert!(lively().validate().is_ok());
    }
}
