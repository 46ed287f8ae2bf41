use inkcast_frame::Plane;

use crate::looks::Rgb;

/// Largest difference of a channel from the colour of the canvas.
const TOLERANCE: f32 = 0.04;
/// Share of the border that has to have one colour.
const SHARE: f32 = 0.5;

/// Where a picture is nothing but the empty canvas around a figure: what has one colour with most of the border and
/// hangs together with it. Such a margin says nothing about how somebody colours.
pub(super) fn canvas(picture: &Rgb) -> Plane<bool> {
    let (width, height) = picture.size();
    let mut empty = Plane::<bool>::new(width, height);
    let border: Vec<usize> = (0..width * height)
        .filter(|index| {
            let (x, y) = (index % width, index / width);
            x == 0 || y == 0 || x == width - 1 || y == height - 1
        })
        .collect();
    let colour = median(border.iter().map(|&index| picture.data()[index]).collect());
    let is_canvas = |index: usize| (0..3).all(|c| (picture.data()[index][c] - colour[c]).abs() <= TOLERANCE);
    let mut waiting: Vec<usize> = border.iter().copied().filter(|&index| is_canvas(index)).collect();
    if (waiting.len() as f32) < SHARE * border.len() as f32 {
        return empty;
    }
    while let Some(index) = waiting.pop() {
        if std::mem::replace(&mut empty.data_mut()[index], true) {
            continue;
        }
        let (x, y) = (index % width, index / width);
        let neighbours = [
            (x > 0).then(|| index - 1),
            (x + 1 < width).then(|| index + 1),
            (y > 0).then(|| index - width),
            (y + 1 < height).then(|| index + width),
        ];
        waiting.extend(neighbours.into_iter().flatten().filter(|&next| !empty.data()[next] && is_canvas(next)));
    }
    empty
}

/// The median of each channel; there is at least one colour.
fn median(mut colours: Vec<[f32; 3]>) -> [f32; 3] {
    [0, 1, 2].map(|channel| {
        colours.sort_by(|a, b| a[channel].total_cmp(&b[channel]));
        colours[colours.len() / 2][channel]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_around_a_figure_is_canvas_and_white_inside_of_it_is_not() {
        // A ring on white: what it encloses is white too, but does not hang together with the margin.
        let ring = |x: usize, y: usize| {
            let distance = (x as f32 - 20.0).hypot(y as f32 - 20.0);
            (6.0..12.0).contains(&distance)
        };
        let picture = Rgb::from_fn(40, 40, |x, y| if ring(x, y) { [0.2, 0.5, 0.7] } else { [1.0; 3] });
        let empty = canvas(&picture);
        assert!(empty.at(0, 0) && empty.at(20, 3) && !empty.at(20, 20) && !empty.at(11, 20));
    }

    #[test]
    fn a_picture_up_to_its_border_has_no_canvas() {
        let picture = Rgb::from_fn(30, 20, |x, y| [x as f32 / 30.0, y as f32 / 20.0, 0.5]);
        assert!(canvas(&picture).data().iter().all(|&empty| !empty));
    }
}
