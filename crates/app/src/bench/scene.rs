use inkcast_frame::{Format, OwnedFrame, Plane};

/// How far the camera gets from where it began, in pixels.
const REACH: usize = 64;
/// What the camera moves by from frame to frame, in 1/256 of a pixel.
const STEP: (usize, usize) = (589, 179);

/// A made-up scene to time frames with: a ground of coloured, textured patches with sharp borders, over which a camera
/// moves to and fro by fractions of a pixel, and a disc in front of it that moves on a circle.
#[derive(Debug)]
pub struct Scene {
    width: usize,
    height: usize,
    /// The ground in full, wider and higher than the frame by [`REACH`].
    luma: Plane<u8>,
    /// Cb and Cr of the ground at half the resolution.
    chroma: Plane<[u8; 2]>,
}

/// The disc in one frame, in units of a pixel of one plane.
struct Disc {
    x: f32,
    y: f32,
    radius: f32,
}

impl Scene {
    /// A scene for frames of `width` x `height`.
    pub fn new(width: usize, height: usize) -> Self {
        // Patches are as large for the frame at every size.
        let patch = height.clamp(32, 4096) as f32 / 8.0;
        let ground = |x: f32, y: f32| noise(x / patch, y / patch, 1);
        let luma = |x: usize, y: usize| {
            let (x, y) = (x as f32, y as f32);
            let fine = 0.6 * noise(x / 23.0, y / 23.0, 2) + 0.4 * noise(x / 5.0, y / 5.0, 3);
            let tone = [0.2, 0.75, 0.4, 0.9][(ground(x, y) * 7.0) as usize % 4];
            (16.0 + 219.0 * (tone + 0.22 * (fine - 0.5)).clamp(0.0, 1.0)) as u8
        };
        let chroma = |x: usize, y: usize| {
            let colour = (ground(2.0 * x as f32, 2.0 * y as f32) * 7.0) as usize;
            [[100, 150], [140, 110], [90, 128], [128, 170], [160, 120]][colour % 5]
        };
        let (wide, high) = (width + REACH + 2, height + REACH + 2);
        Scene {
            width,
            height,
            luma: Plane::from_fn(wide, high, luma),
            chroma: Plane::from_fn(wide.div_ceil(2) + 1, high.div_ceil(2) + 1, chroma),
        }
    }

    /// Draws frame number `index` into `frame`, which is I420 or NV12 of the scene's size.
    pub fn draw(&self, index: u32, frame: &mut OwnedFrame) {
        let index = index as usize;
        let (dx, dy) = (to_and_fro(index * STEP.0), to_and_fro(index * STEP.1));
        let turn = index as f32 * 0.07;
        let (width, height) = (self.width as f32, self.height as f32);
        let mut disc = Disc {
            x: width * (0.5 + 0.2 * turn.cos()),
            y: height * (0.5 + 0.2 * turn.sin()),
            radius: 0.2 * width.min(height),
        };
        let format = frame.info().format;
        let mut view = frame.view_mut();
        for y in 0..self.height {
            let row = view.row_mut(0, y);
            self.luma_row(y, (dx, dy), row);
            disc.pixels(y, self.width).for_each(|x| row[x] = 251 - row[x]);
        }
        // Chroma moves half as many of its pixels.
        (disc.x, disc.y, disc.radius) = (disc.x / 2.0, disc.y / 2.0, disc.radius / 2.0);
        let (from_x, from_y) = (dx / 512, dy / 512);
        let wide = self.width.div_ceil(2);
        for y in 0..self.height.div_ceil(2) {
            let source = &self.chroma.row(from_y + y)[from_x..from_x + wide];
            let inside = disc.pixels(y, wide);
            for channel in 0..2 {
                let (plane, step, offset) = if format == Format::Nv12 { (1, 2, channel) } else { (1 + channel, 1, 0) };
                let row = view.row_mut(plane, y);
                row.iter_mut().skip(offset).step_by(step).zip(source).for_each(|(out, pixel)| *out = pixel[channel]);
                inside.clone().for_each(|x| row[offset + step * x] = if channel == 0 { 96 } else { 176 });
            }
        }
    }

    /// Row `y` of the ground as the camera sees it from `(dx, dy)`, in 1/256 of a pixel.
    fn luma_row(&self, y: usize, (dx, dy): (usize, usize), row: &mut [u8]) {
        let ((left, across), (top, down)) = ((dx / 256, dx % 256), (dy / 256, dy % 256));
        let (upper, lower) = (&self.luma.row(top + y)[left..], &self.luma.row(top + y + 1)[left..]);
        let mix = |a: u8, b: u8, share: usize| usize::from(a) * (256 - share) + usize::from(b) * share;
        for (x, out) in row.iter_mut().enumerate() {
            let above = mix(upper[x], upper[x + 1], across);
            let below = mix(lower[x], lower[x + 1], across);
            *out = ((above * (256 - down) + below * down + (1 << 15)) >> 16) as u8;
        }
    }
}

impl Disc {
    /// The pixels of row `y` that lie on the disc, of a plane `width` wide.
    fn pixels(&self, y: usize, width: usize) -> std::ops::Range<usize> {
        let half = (self.radius.powi(2) - (y as f32 - self.y).powi(2)).max(0.0).sqrt();
        let end = |x: f32| x.clamp(0.0, width as f32) as usize;
        end(self.x - half)..end(self.x + half)
    }
}

/// A way that turns round at [`REACH`], in 1/256 of a pixel.
fn to_and_fro(way: usize) -> usize {
    let reach = 256 * REACH;
    let place = way % (2 * reach);
    place.min(2 * reach - place)
}

/// Smooth random values 0..1 with a lattice of one unit.
fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (across, down) = (smooth(x - left), smooth(y - top));
    let at = |dx: u32, dy: u32| hash(left as u32 + dx, top as u32 + dy, seed);
    let above = at(0, 0) + across * (at(1, 0) - at(0, 0));
    let below = at(0, 1) + across * (at(1, 1) - at(0, 1));
    above + down * (below - above)
}

/// A random value 0..1 for a point of the lattice.
fn hash(x: u32, y: u32, seed: u32) -> f32 {
    let mut bits = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    ((bits ^ (bits >> 15)) >> 8) as f32 / (1 << 24) as f32
}

#[cfg(test)]
mod tests {
    use inkcast_frame::FrameInfo;

    use super::*;

    fn frame(format: Format, (width, height): (usize, usize), index: u32) -> OwnedFrame {
        let mut frame = OwnedFrame::new(FrameInfo::new(format, width, height).unwrap());
        Scene::new(width, height).draw(index, &mut frame);
        frame
    }

    #[test]
    fn frames_have_texture_and_move() {
        let (first, second) = (frame(Format::I420, (160, 90), 0), frame(Format::I420, (160, 90), 1));
        assert_eq!(first, frame(Format::I420, (160, 90), 0), "the same every time");
        let differing = first.plane(0).iter().zip(second.plane(0)).filter(|(a, b)| a != b).count();
        assert!(differing > 160 * 90 / 2, "{differing}");
        let (least, most) = (first.plane(0).iter().min().unwrap(), first.plane(0).iter().max().unwrap());
        assert!(*least < 80 && *most > 180, "{least} {most}");
    }

    #[test]
    fn the_ground_moves_by_the_step() {
        // After 256 frames the camera has gone whole pixels; to and fro they are few.
        let scene = Scene::new(96, 64);
        let draw = |index| {
            let mut frame = OwnedFrame::new(FrameInfo::new(Format::I420, 96, 64).unwrap());
            scene.draw(index, &mut frame);
            frame
        };
        let (first, later) = (draw(0), draw(256));
        let (dx, dy) = (to_and_fro(256 * STEP.0) / 256, to_and_fro(256 * STEP.1) / 256);
        // The corner is free of the disc in both.
        for y in 0..4 {
            assert_eq!(first.plane(0)[96 * (y + 1)], scene.luma.at(0, y + 1));
            assert_eq!(later.plane(0)[96 * (y + 1)], scene.luma.at(dx, dy + y + 1));
        }
        assert_eq!((to_and_fro(256 * (REACH + 3)), to_and_fro(512 * REACH)), (256 * (REACH - 3), 0));
    }

    #[test]
    fn both_formats_show_the_same_at_any_size() {
        for size in [(1, 1), (16, 16), (17, 33), (640, 48)] {
            for index in [0, 5, 40] {
                let (planar, packed) = (frame(Format::I420, size, index), frame(Format::Nv12, size, index));
                assert_eq!(planar.plane(0), packed.plane(0));
                for (at, pair) in packed.plane(1).chunks(2).enumerate() {
                    assert_eq!(pair, [planar.plane(1)[at], planar.plane(2)[at]], "{size:?} {index}");
                }
            }
        }
    }
}
