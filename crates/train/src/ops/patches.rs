use std::ops::Range;

/// Sizes of one convolution on one picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    /// Of the input.
    pub height: usize,
    /// Of the input.
    pub width: usize,
}

impl Shape {
    pub fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    pub fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Values that one output pixel looks at.
    pub fn patch(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Whether the patches are the picture itself.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Output rows in strips whose patches stay in the second-level cache.
    pub fn strips(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        const CACHED: usize = 1 << 16;
        let (rows, height) = ((CACHED / (self.patch() * self.out_width())).max(1), self.out_height());
        (0..height).step_by(rows).map(move |start| start..(start + rows).min(height))
    }
}

/// Lays out what the output rows `rows` look at: row `(input, ky, kx)` of `patches` has one value per output pixel.
/// Outside the picture is zero.
pub(super) fn gather(picture: &[f32], shape: Shape, rows: Range<usize>, patches: &mut [f32]) {
    let width = shape.out_width();
    for (index, line) in patches.chunks_exact_mut(rows.len() * width).enumerate() {
        let (channel, ky, kx) = tap(index, shape.kernel);
        let plane = &picture[channel * shape.height * shape.width..][..shape.height * shape.width];
        for (y, line) in rows.clone().zip(line.chunks_exact_mut(width)) {
            let Some(source) = source_row(shape, y, ky) else {
                line.fill(0.0);
                continue;
            };
            let source = &plane[source * shape.width..][..shape.width];
            let inside = inside(shape, kx);
            let first = inside.start * shape.stride + kx - shape.kernel / 2;
            line[..inside.start].fill(0.0);
            line[inside.end..].fill(0.0);
            let line = &mut line[inside];
            if shape.stride == 1 {
                line.copy_from_slice(&source[first..first + line.len()]);
            } else {
                for (value, &source) in line.iter_mut().zip(source[first..].iter().step_by(shape.stride)) {
                    *value = source;
                }
            }
        }
    }
}

/// The transpose of [`gather`]: adds each value of `patches` to the pixel it was taken from.
pub(super) fn scatter_add(patches: &[f32], shape: Shape, rows: Range<usize>, picture: &mut [f32]) {
    let width = shape.out_width();
    for (index, line) in patches.chunks_exact(rows.len() * width).enumerate() {
        let (channel, ky, kx) = tap(index, shape.kernel);
        let plane = &mut picture[channel * shape.height * shape.width..][..shape.height * shape.width];
        for (y, line) in rows.clone().zip(line.chunks_exact(width)) {
            let Some(target) = source_row(shape, y, ky) else { continue };
            let target = &mut plane[target * shape.width..][..shape.width];
            let inside = inside(shape, kx);
            let first = inside.start * shape.stride + kx - shape.kernel / 2;
            let line = &line[inside];
            if shape.stride == 1 {
                for (target, &value) in target[first..].iter_mut().zip(line) {
                    *target += value;
                }
            } else {
                for (target, &value) in target[first..].iter_mut().step_by(shape.stride).zip(line) {
                    *target += value;
                }
            }
        }
    }
}

/// `(input channel, ky, kx)` of a row of patches.
fn tap(index: usize, kernel: usize) -> (usize, usize, usize) {
    (index / (kernel * kernel), index / kernel % kernel, index % kernel)
}

/// The input row that output row `y` sees through kernel row `ky`, if it lies inside the picture.
fn source_row(shape: Shape, y: usize, ky: usize) -> Option<usize> {
    (y * shape.stride + ky).checked_sub(shape.kernel / 2).filter(|&row| row < shape.height)
}

/// The output columns whose input column through `kx` lies inside the picture.
fn inside(shape: Shape, kx: usize) -> Range<usize> {
    let (pad, width) = (shape.kernel / 2, shape.out_width());
    let start = pad.saturating_sub(kx).div_ceil(shape.stride).min(width);
    let end = (shape.width + pad - kx).div_ceil(shape.stride).min(width);
    start..end.max(start)
}
