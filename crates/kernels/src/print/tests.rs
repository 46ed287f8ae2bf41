use super::*;

fn flat(width: usize, height: usize, value: [f32; 4]) -> Layers {
    Layers::from_fn(width, height, |_, _| value)
}

fn run(layers: &Layers, how: Print, ink: f32, strength: f32) -> Picture {
    let source = Picture::from_fn(layers.width(), layers.height(), |_, _| [0.2, 0.4, 0.6, 0.0]);
    let mut page = Picture::default();
    print(&source, layers, &how, ink, strength, &mut page);
    page
}

fn mean(page: &Picture) -> [f32; 3] {
    let count = page.data().len() as f32;
    std::array::from_fn(|c| page.data().iter().map(|pixel| pixel[c]).sum::<f32>() / count)
}

const PAPER: [f32; 3] = [1.0, 1.0, 1.0];

#[test]
fn ink_and_strength_are_applied_in_that_order() {
    let layers = flat(2, 1, [0.8, 0.8, 0.8, 0.5]);
    assert_eq!(run(&layers, Print::Flat, 1.0, 1.0).at(0, 0), [0.4, 0.4, 0.4, 0.0]);
    assert_eq!(run(&layers, Print::Flat, 0.0, 1.0).at(0, 0)[0], 0.8);
    assert_eq!(run(&layers, Print::Flat, 2.0, 1.0).at(0, 0)[0], 0.0);
    assert_eq!(run(&layers, Print::Flat, 1.0, 0.0).at(0, 0)[..3], [0.2, 0.4, 0.6]);
    assert!((run(&layers, Print::Flat, 1.0, 0.5).at(0, 0)[2] - 0.5).abs() < 1e-6);
}

#[test]
fn white_is_paper_and_black_is_covered() {
    let paper = [0.9, 0.8, 0.7];
    for how in [Print::Process { paper, period_px: 5.0 }, Print::Tone { paper, period_px: 5.0 }] {
        let white = run(&flat(40, 40, [1.0, 1.0, 1.0, 0.0]), how.clone(), 1.0, 1.0);
        assert!(white.data().iter().all(|pixel| pixel[..3] == paper), "{how:?}");
        let black = run(&flat(40, 40, [0.0, 0.0, 0.0, 1.0]), how.clone(), 1.0, 1.0);
        assert!(black.data().iter().all(|pixel| pixel[..3] == [0.0; 3]), "{how:?}");
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
    let (light, dark) =
        (run(&flat(64, 64, [0.6; 4]), how.clone(), 0.0, 1.0), run(&flat(64, 64, [0.4; 4]), how, 0.0, 1.0));
    // A darker tone only makes dots grow: no pixel becomes lighter.
    assert!(light.data().iter().zip(dark.data()).all(|(light, dark)| dark[0] <= light[0]));
}
