use inkcast_kit::noise::Random;

use super::*;
use numbers::PageHow;

/// A layer's value for a number of 0..1.
fn layer(value: f32) -> i16 {
    (value * FROM_UNIT).round() as i16
}

fn flat(width: usize, height: usize, value: [f32; 4]) -> Layers {
    Layers::from_fn(width, height, |_, _| value.map(layer))
}

/// The page in 0..1.
type Drawn = inkcast_frame::Plane<[f32; 3]>;

fn run_at(level: Level, layers: &Layers, print: Print, ink: f32, strength: f32) -> Drawn {
    let (width, height) = layers.size();
    let source = Picture::from_fn(width, height, |_, _| [51, 102, 153, 0]);
    let press = Press::new(print, width);
    let page = Printed { level, press: &press, source: &source, layers, shift: [0.0; 2], ink, strength };
    draw(&page, width, height)
}

fn draw(page: &impl Page, width: usize, height: usize) -> Drawn {
    let mut drawn = Drawn::new(width, height);
    for y in 0..height {
        for (index, out) in drawn.row_mut(y).chunks_mut(CHUNK).enumerate() {
            let mut chunk = [[0; 4]; CHUNK];
            page.draw(index * CHUNK, y, &mut chunk);
            for (out, &[r, g, b, _]) in out.iter_mut().zip(&chunk) {
                *out = [r, g, b].map(|value| f32::from(value) / FROM_UNIT);
            }
        }
    }
    drawn
}

fn run(layers: &Layers, print: Print, ink: f32, strength: f32) -> Drawn {
    run_at(Level::Plain, layers, print, ink, strength)
}

fn mean(page: &Drawn) -> [f32; 3] {
    let count = page.data().len() as f32;
    std::array::from_fn(|c| page.data().iter().map(|pixel| pixel[c]).sum::<f32>() / count)
}

fn near(a: [f32; 3], b: [f32; 3]) -> bool {
    (0..3).all(|c| (a[c] - b[c]).abs() < 1e-4)
}

const PAPER: [f32; 3] = [1.0, 1.0, 1.0];

#[test]
fn ink_and_strength_are_applied_in_that_order() {
    let layers = flat(2, 1, [0.8, 0.8, 0.8, 0.5]);
    let red = |ink, strength| run(&layers, Print::Flat, ink, strength).at(0, 0)[0];
    for (ink, strength, expected) in
        [(1.0, 1.0, 0.4), (0.0, 1.0, 0.8), (2.0, 1.0, 0.0), (1.0, 0.0, 0.2), (1.0, 0.5, 0.3), (0.5, 1.0, 0.6)]
    {
        let found = red(ink, strength);
        assert!((found - expected).abs() < 1e-4, "ink {ink}, strength {strength}: {found} instead of {expected}");
    }
}

#[test]
fn white_is_paper_and_black_is_covered() {
    let paper = [0.9, 0.8, 0.7];
    for how in [Print::Process { paper, period_px: 5.0 }, Print::Tone { paper, period_px: 5.0 }] {
        let white = run(&flat(40, 40, [1.0, 1.0, 1.0, 0.0]), how, 1.0, 1.0);
        assert!(white.data().iter().all(|&pixel| near(pixel, paper)), "{how:?}");
        let black = run(&flat(40, 40, [0.0, 0.0, 0.0, 1.0]), how, 1.0, 1.0);
        assert!(black.data().iter().all(|&pixel| near(pixel, [0.0; 3])), "{how:?}");
    }
}

#[test]
fn dots_give_the_tone_in_the_mean() {
    for tone in [0.2, 0.4, 0.6] {
        let page =
            run(&flat(200, 200, [tone, tone, tone, 0.0]), Print::Tone { paper: PAPER, period_px: 6.0 }, 1.0, 1.0);
        let got = mean(&page)[0];
        assert!((got - tone).abs() < 0.08, "{tone} is printed as {got}");
    }
    // Cyan ink alone takes red away.
    let page = run(&flat(200, 200, [0.5, 1.0, 1.0, 0.0]), Print::Process { paper: PAPER, period_px: 6.0 }, 1.0, 1.0);
    let [r, g, b] = mean(&page);
    assert!(r < 0.65 && g > 0.8 && b > 0.9, "{r} {g} {b}");
}

#[test]
fn dots_repeat_with_their_period() {
    let page = run(&flat(60, 60, [0.5, 0.5, 0.5, 0.0]), Print::Tone { paper: PAPER, period_px: 6.0 }, 1.0, 1.0);
    // At 45 degrees the grid repeats after period * sqrt(2) along a row; 17 pixels are nearly two such steps.
    let difference: f32 = (0..40).map(|x| (page.at(x, 8)[0] - page.at(x + 17, 8)[0]).abs()).sum::<f32>() / 40.0;
    let shifted: f32 = (0..40).map(|x| (page.at(x, 8)[0] - page.at(x + 4, 8)[0]).abs()).sum::<f32>() / 40.0;
    assert!(difference < 0.1 && shifted > 0.3, "{difference} {shifted}");
}

#[test]
fn dots_stand_still_when_the_layers_change() {
    let how = Print::Tone { paper: PAPER, period_px: 8.0 };
    let (light, dark) = (run(&flat(64, 64, [0.6; 4]), how, 0.0, 1.0), run(&flat(64, 64, [0.4; 4]), how, 0.0, 1.0));
    // A darker tone only makes dots grow: no pixel becomes lighter.
    assert!(light.data().iter().zip(dark.data()).all(|(light, dark)| dark[0] <= light[0]));
}

#[test]
fn a_shift_moves_the_dots() {
    let layers = flat(80, 40, [0.5, 0.5, 0.5, 0.0]);
    let press = Press::new(Print::Tone { paper: PAPER, period_px: 7.0 }, 80);
    let source = Picture::new(80, 40);
    let page = |shift| {
        let page = Printed {
            level: Level::Plain,
            press: &press,
            source: &source,
            layers: &layers,
            shift,
            ink: 1.0,
            strength: 1.0,
        };
        draw(&page, 80, 40)
    };
    let (still, moved) = (page([0.0, 0.0]), page([3.0, 2.0]));
    assert_ne!(still, moved);
    for (x, y) in (3..80).flat_map(|x| (2..40).map(move |y| (x, y))) {
        assert!((moved.at(x, y)[0] - still.at(x - 3, y - 2)[0]).abs() < 2e-3, "{x} {y}");
    }
}

#[test]
fn every_level_gives_the_same_numbers() {
    let mut random = Random::new(4);
    for width in [1, 63, 64, 65, 130] {
        let mut layers = Layers::new(width, 3);
        layers.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
        let paper = [0.99, 0.97, 0.90];
        for how in [Print::Flat, Print::Process { paper, period_px: 5.3 }, Print::Tone { paper, period_px: 4.7 }] {
            for (ink, strength) in [(1.0, 1.0), (1.4, 0.6)] {
                let expected = run(&layers, how, ink, strength);
                for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
                    assert_eq!(run_at(level, &layers, how, ink, strength), expected, "{level} {how:?} {width}");
                }
            }
        }
    }
}

/// The page of the device's body, compiled for the host: red, green and blue.
fn draw_on_device(page: &FinishedPage<'_>, width: usize) -> Drawn {
    let Printed { press, source, layers, shift, ink, strength, .. } = page.printed;
    let numbers::PressNumbers { kind, paper, contrast } = numbers::PressNumbers::new(press);
    let numbers::PageHow { ink, strength, as_drawn, beside, divider } = PageHow::new(ink, strength, page.beside);
    let (columns, steps) = (press.columns(), press.steps());
    let mut rows = inkcast_frame::Plane::new(steps.len(), layers.height());
    inkcast_device::print::turn_rows(&steps, shift, &mut rows);
    let press = inkcast_device::print::Press { kind, paper, contrast };
    let how = inkcast_device::print::PageHow { ink, strength, as_drawn, beside, divider };
    let mut drawn = Layers::new(width, layers.height());
    inkcast_device::print::page(&press, &columns, &rows, &how, source, layers, &mut drawn);
    Drawn::from_fn(width, layers.height(), |x, y| {
        let [r, g, b, _] = drawn.at(x, y);
        [r, g, b].map(|value| f32::from(value) / FROM_UNIT)
    })
}

#[test]
fn the_device_gives_the_same_pages() {
    let mut random = Random::new(9);
    for (width, height) in [(1, 1), (2, 3), (63, 2), (64, 3), (65, 4), (150, 5)] {
        let mut layers = Layers::new(width, height);
        layers.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
        let source = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
        let paper = [0.99, 0.97, 0.90];
        for how in [Print::Flat, Print::Process { paper, period_px: 5.3 }, Print::Tone { paper, period_px: 4.7 }] {
            let press = Press::new(how, width);
            for (ink, strength) in [(1.0, 1.0), (1.4, 0.6), (0.3, 1.0), (1.0, 0.0), (2.0, 0.999)] {
                for beside in [Beside::Nothing, Beside::Split { divider: 3 }, Beside::Source] {
                    for shift in [[0.0, 0.0], [17.25, -311.625]] {
                        let level = Level::Plain;
                        let (press, source, layers) = (&press, &source, &layers);
                        let printed = Printed { level, press, source, layers, shift, ink, strength };
                        let page = FinishedPage { printed, beside };
                        let page_width = if beside == Beside::Source { 2 * width } else { width };
                        let same = draw_on_device(&page, page_width) == draw(&page, page_width, height);
                        let case =
                            format!("{width}x{height} {how:?} ink {ink} strength {strength} {beside:?} {shift:?}");
                        assert!(same, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn dots_follow_against_the_camera() {
    assert_eq!(inkcast_device::print::followed(3.5, 0.75, 4.0), 0.5);
}

#[cfg(feature = "cuda")]
#[test]
fn dots_on_the_card_follow_against_the_camera() {
    use crate::device::tests::card;
    use crate::device::{DeviceBuffer, Verdict};

    let Some(device) = card() else { return };
    let camera = DeviceBuffer::with_values(&device, &[0.75f32, -0.5]).unwrap();
    let mut shift = DeviceBuffer::with_values(&device, &[3.5, 1.0]).unwrap();
    for (verdict, expected) in [(0, [0.5, 3.0]), (Verdict::CUT, [0.0, 0.0])] {
        let verdict = DeviceBuffer::with_values(&device, &[verdict]).unwrap();
        cuda::follow(&device, &camera, 4, &verdict, &mut shift).unwrap();
        let mut found = [1.0; 2];
        shift.download(&device, &mut found).unwrap();
        assert_eq!(found, expected);
    }
}
