use super::figures::Figures;
use super::flow::TwoWayFlow;
use super::image::Image;
use super::measures::{
    Flow, flat_share, ink_share, is_cut, mean_difference, mean_difference_where, share, sharpness, still, visible,
    warping_error,
};

/// Share of the pixels that have to stand still for flat flicker to be measured.
const STILL: f64 = 0.02;
/// Share of the pixels that have to be covered for ghosting to be measured.
const COVERED: f64 = 0.002;

/// The same moment in each of the videos. All pictures have the same size, from the first moment to the last.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The source.
    pub source: Image,
    /// What was made of it.
    pub stylised: Image,
    /// What was made of it without the temporal term, if that is there.
    pub per_frame: Option<Image>,
}

/// Compares videos moment by moment and keeps the last moment only.
#[derive(Debug)]
pub struct Comparison {
    flow: TwoWayFlow,
    previous: Option<Moment>,
    means: Means,
    cuts: u64,
    pairs_without_flow: u64,
}

#[derive(Debug, Default)]
struct Means {
    e_warp_src: Mean,
    e_warp_out: Mean,
    e_warp_pf: Mean,
    flat_flicker: Mean,
    flat_flicker_pf: Mean,
    sharp: Mean,
    sharp_pf: Mean,
    ghost: Mean,
    change: Mean,
    flat_out: Mean,
    flat_src: Mean,
    ink_out: Mean,
    ink_src: Mean,
    seen: Mean,
    still: Mean,
}

#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn get(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Comparison {
    /// Nothing compared yet; the source's motion is to be found by `flow`.
    pub fn new(flow: TwoWayFlow) -> Self {
        Comparison { flow, previous: None, means: Means::default(), cuts: 0, pairs_without_flow: 0 }
    }

    /// Takes the next moment.
    pub fn add(&mut self, moment: Moment) {
        self.means.add_moment(&moment);
        if let Some(previous) = &self.previous {
            let (from, to) = (&previous.source.luma, &moment.source.luma);
            if is_cut(from, to) {
                self.cuts += 1;
            } else if let Some((forward, backward)) = self.flow.estimate(from, to) {
                self.means.add_pair(previous, &moment, forward, backward);
            } else {
                self.pairs_without_flow += 1;
            }
        }
        self.previous = Some(moment);
    }

    /// What was measured so far. How many frames each video has is for the caller to say.
    pub fn figures(&self) -> Figures {
        let Means { e_warp_src, e_warp_out, e_warp_pf, flat_flicker, flat_flicker_pf, .. } = &self.means;
        let Means { sharp, sharp_pf, ghost, change, flat_out, flat_src, ink_out, ink_src, seen, still, .. } =
            &self.means;
        Figures {
            cuts: self.cuts,
            pairs_without_flow: self.pairs_without_flow,
            e_warp_src: e_warp_src.get(),
            e_warp_out: e_warp_out.get(),
            e_warp_pf: e_warp_pf.get(),
            gain: quotient(e_warp_pf, e_warp_out),
            ratio_to_src: quotient(e_warp_out, e_warp_src),
            flat_flicker: flat_flicker.get(),
            flat_flicker_pf: flat_flicker_pf.get(),
            sharp: sharp.get(),
            sharp_pf: sharp_pf.get(),
            sharp_kept: quotient(sharp, sharp_pf),
            ghost: ghost.get(),
            change: change.get(),
            flat_out: flat_out.get(),
            flat_src: flat_src.get(),
            ink_out: ink_out.get(),
            ink_src: ink_src.get(),
            seen: seen.get(),
            still: still.get(),
            ..Figures::default()
        }
    }
}

/// `above / below`, where nothing counts as a little.
fn quotient(above: &Mean, below: &Mean) -> Option<f64> {
    Some(above.get()? / below.get()?.max(1e-9))
}

impl Means {
    fn add_moment(&mut self, Moment { source, stylised, per_frame }: &Moment) {
        self.change.add(Some(mean_difference(&stylised.colour, &source.colour)));
        self.sharp.add(Some(sharpness(&stylised.luma)));
        self.sharp_pf.add(per_frame.as_ref().map(|image| sharpness(&image.luma)));
        self.flat_out.add(Some(flat_share(&stylised.luma)));
        self.flat_src.add(Some(flat_share(&source.luma)));
        self.ink_out.add(Some(ink_share(&stylised.luma)));
        self.ink_src.add(Some(ink_share(&source.luma)));
    }

    fn add_pair(&mut self, previous: &Moment, now: &Moment, forward: &Flow, backward: &Flow) {
        let visible = visible(forward, backward);
        let error = |before: &Image, now: &Image| warping_error(&before.colour, &now.colour, backward, &visible);
        self.seen.add(Some(share(&visible)));
        let per_frame = previous.per_frame.as_ref().zip(now.per_frame.as_ref());
        self.e_warp_src.add(error(&previous.source, &now.source));
        self.e_warp_out.add(error(&previous.stylised, &now.stylised));
        self.e_warp_pf.add(per_frame.and_then(|(before, now)| error(before, now)));

        let still = still(backward, &previous.source.luma, &now.source.luma);
        self.still.add(Some(share(&still)));
        if share(&still) > STILL {
            let flicker =
                |before: &Image, now: &Image| mean_difference_where(&before.colour, &now.colour, &still, true);
            self.flat_flicker.add(flicker(&previous.stylised, &now.stylised));
            self.flat_flicker_pf.add(per_frame.and_then(|(before, now)| flicker(before, now)));
        }
        if let Some(per_frame) = &now.per_frame
            && 1.0 - share(&visible) > COVERED
        {
            self.ghost.add(mean_difference_where(&now.stylised.colour, &per_frame.colour, &visible, false));
        }
    }
}

#[cfg(test)]
mod tests {
    use inkcast_frame::Plane;
    use inkcast_kit::motion::{Motion, Scene};
    use inkcast_kit::noise::Random;

    use super::*;

    const SIZE: (usize, usize) = (96, 64);

    fn image(value: impl Fn(usize, usize) -> u8) -> Image {
        Image::new(Plane::from_fn(SIZE.0, SIZE.1, |x, y| [value(x, y); 3]))
    }

    /// Frames of a texture that moves.
    fn moving(motion: Motion, count: usize) -> Vec<Image> {
        let scene = Scene::new(5, motion, SIZE.0, SIZE.1);
        let frames = (0..count).map(|index| scene.frame(index));
        frames.map(|frame| image(|x, y| (40.0 + 175.0 * frame.at(x, y)).round() as u8)).collect()
    }

    /// The frames, each with noise of its own of up to `level` grey levels to both sides.
    fn noisy(frames: &[Image], level: usize) -> Vec<Image> {
        let mut random = Random::new(9);
        let noise = |value: u8, random: &mut Random| (usize::from(value) + random.below(2 * level + 1) - level) as u8;
        let frames = frames.iter().map(|frame| {
            let mut colour = frame.colour.clone();
            colour.data_mut().iter_mut().for_each(|pixel| *pixel = [noise(pixel[0], &mut random); 3]);
            Image::new(colour)
        });
        frames.collect()
    }

    fn compare(source: &[Image], stylised: &[Image], per_frame: Option<&[Image]>) -> Figures {
        let mut comparison = Comparison::new(TwoWayFlow::new().unwrap());
        for index in 0..source.len() {
            comparison.add(Moment {
                source: source[index].clone(),
                stylised: stylised[index].clone(),
                per_frame: per_frame.map(|images| images[index].clone()),
            });
        }
        comparison.figures()
    }

    #[test]
    fn a_video_compared_with_itself_is_neutral() {
        let source = moving(Motion::Shift(1.4, 0.6), 4);
        let figures = compare(&source, &source, Some(&source));
        assert_eq!(figures.gain, Some(1.0));
        assert_eq!(figures.ratio_to_src, Some(1.0));
        assert_eq!(figures.sharp_kept, Some(1.0));
        assert_eq!((figures.change, figures.ghost), (Some(0.0), Some(0.0)));
        assert_eq!((figures.flat_out, figures.ink_out), (figures.flat_src, figures.ink_src));
        assert_eq!((figures.cuts, figures.pairs_without_flow), (0, 0));
        // All that is left of the source's own motion is interpolation and rounding: about two grey levels.
        assert!(figures.e_warp_src.unwrap() < 6e-5, "{:?}", figures.e_warp_src);
    }

    #[test]
    fn flicker_where_nothing_moves_is_what_the_pixels_change_by() {
        let source = moving(Motion::Still, 5);
        // Lighter and darker by turns.
        let shifted = |level: u8| {
            let frames = source
                .iter()
                .enumerate()
                .map(|(index, frame)| image(|x, y| frame.luma.at(x, y) - if index % 2 == 0 { level } else { 0 }));
            frames.collect::<Vec<_>>()
        };
        let figures = compare(&source, &shifted(3), Some(&shifted(6)));
        assert_eq!((figures.flat_flicker, figures.flat_flicker_pf), (Some(3.0), Some(6.0)));
        assert!((figures.e_warp_out.unwrap() - (3.0f64 / 255.0).powi(2)).abs() < 1e-9);
        assert!((figures.gain.unwrap() - 4.0).abs() < 1e-6, "{:?}", figures.gain);
        assert_eq!(figures.e_warp_src, Some(0.0));
        assert_eq!(figures.ghost, None, "nothing is covered");
        assert_eq!((figures.seen, figures.still), (Some(1.0), Some(1.0)));
    }

    #[test]
    fn more_noise_is_a_larger_error_and_a_smaller_gain() {
        let source = moving(Motion::Shift(1.0, -1.0), 4);
        let (little, much) = (noisy(&source, 4), noisy(&source, 12));
        let calm = compare(&source, &little, Some(&much));
        let loud = compare(&source, &much, Some(&much));
        assert!(calm.e_warp_out < loud.e_warp_out && calm.e_warp_pf == loud.e_warp_pf);
        assert!(calm.gain.unwrap() > 3.0 && loud.gain == Some(1.0), "{:?}", calm.gain);
        assert!(calm.sharp_kept.unwrap() < 1.0);
    }

    #[test]
    fn cuts_are_counted_and_left_out() {
        let dark = image(|x, y| 30 + ((x * 5 + y * 3) % 20) as u8);
        let light = image(|x, y| 190 + ((x * 3 + y * 7) % 40) as u8);
        let source = [dark.clone(), dark.clone(), light.clone(), light.clone()];
        let stylised = [dark.clone(), dark, light.clone(), light];
        let figures = compare(&source, &stylised, None);
        assert_eq!((figures.cuts, figures.pairs_without_flow), (1, 0));
        assert_eq!(figures.e_warp_out, Some(0.0));
        assert_eq!((figures.gain, figures.sharp_kept, figures.ghost, figures.e_warp_pf), (None, None, None, None));
    }

    #[test]
    fn what_stays_behind_a_moving_edge_is_ghosting() {
        // A textured square moves to the right over a textured ground and uncovers some of it on its left.
        let (square, ground) = (Scene::new(1, Motion::Still, 200, 64), Scene::new(2, Motion::Still, SIZE.0, SIZE.1));
        let (square, ground) = (square.frame(0), ground.frame(0));
        let frame = |left: usize| {
            image(|x, y| {
                let is_square = (left..left + 36).contains(&x) && (14..50).contains(&y);
                let value = if is_square { square.at(x + 100 - left, y) } else { ground.at(x, y) };
                (if is_square { 120.0 + 120.0 * value } else { 120.0 * value }) as u8
            })
        };
        let clean: Vec<Image> = (0..4).map(|index| frame(20 + 4 * index)).collect();
        // Each frame is mixed with the one before it.
        let mut ghosts = clean.clone();
        for index in 1..clean.len() {
            let (now, before) = (&clean[index].luma, &clean[index - 1].luma);
            ghosts[index] = image(|x, y| ((u16::from(now.at(x, y)) + u16::from(before.at(x, y))) / 2) as u8);
        }
        let ghosting = compare(&clean, &ghosts, Some(&clean)).ghost.unwrap();
        assert!(ghosting > 10.0, "{ghosting}");
        assert_eq!(compare(&clean, &clean, Some(&clean)).ghost, Some(0.0));
    }
}
