use std::ops::Range;

use candle_core::Result;

use super::stretches::{MOST_LANES, TILE};

/// Sizes of a convolution of one picture, and where its numbers lie while it is computed.
///
/// The padded picture is split into `stride * stride` *phases*, one for each remainder of a row and column, so that what
/// neighbouring output pixels see through one weight lies side by side whatever the stride. Phases and results have rows
/// of the same [`pitch`](Self::pitch). Through one weight the whole result then sees one contiguous stretch of a phase:
/// a convolution is a sum of weighted stretches. What the last columns of each row hold is not part of the result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    /// Pixels of zeros around the picture.
    pub padding: usize,
    /// Of the input.
    pub height: usize,
    /// Of the input.
    pub width: usize,
}

impl Geometry {
    /// Checks that there is a result.
    pub fn checked(self) -> Result<Self> {
        let Geometry { inputs, outputs, kernel, stride, padding, height, width } = self;
        let smallest = height.min(width) + 2 * padding;
        if inputs * outputs * kernel * stride * height * width == 0 || smallest < kernel || padding >= kernel {
            candle_core::bail!(
                "no convolution of {inputs}x{height}x{width} to {outputs} channels with a kernel of {kernel}, a stride \
                 of {stride} and a padding of {padding}"
            );
        }
        Ok(self)
    }

    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Numbers of one input picture.
    pub fn input_len(&self) -> usize {
        self.inputs * self.height * self.width
    }

    /// Numbers of one result.
    pub fn output_len(&self) -> usize {
        self.outputs * self.out_height() * self.out_width()
    }

    /// Weights of one output.
    pub fn taps(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Rows, and columns, that an output pixel sees of a phase beyond its own.
    fn reach(&self) -> usize {
        (self.kernel - 1) / self.stride
    }

    /// From one row of a phase or of a result to the next.
    pub fn pitch(&self) -> usize {
        self.out_width() + self.reach()
    }

    fn phase_rows(&self) -> usize {
        self.out_height() + self.reach()
    }

    /// Numbers of one phase of one channel.
    pub fn phase_len(&self) -> usize {
        self.phase_rows() * self.pitch()
    }

    /// Numbers of one channel of a result with its unused columns.
    pub fn stretch(&self) -> usize {
        self.out_height() * self.pitch()
    }

    /// Numbers of a picture laid out in phases, with room for the whole tiles that are read of the last one.
    pub fn phases_len(&self) -> usize {
        self.inputs * self.stride * self.stride * self.phase_len() + self.reach() + TILE
    }

    /// Zeros before each channel of a gradient, and between it and the next.
    pub fn margin(&self) -> usize {
        self.reach() * (self.pitch() + 1)
    }

    /// From one channel of a laid out gradient to the next. Behind each come as many zeros as a vector has lanes.
    pub fn grad_step(&self) -> usize {
        self.margin() + self.stretch() + MOST_LANES
    }

    /// Numbers of a gradient laid out for [`Geometry::input_taps`].
    pub fn grads_len(&self) -> usize {
        self.outputs * self.grad_step() + self.margin() + TILE
    }

    /// Where in the phases what the first output pixel sees through each weight of an output lies, in the order of the
    /// weights.
    pub fn output_taps(&self) -> Vec<usize> {
        let (kernel, stride) = (self.kernel, self.stride);
        let place = |index: usize| {
            let (channel, ky, kx) = (index / (kernel * kernel), index / kernel % kernel, index % kernel);
            let phase = (channel * stride + ky % stride) * stride + kx % stride;
            phase * self.phase_len() + ky / stride * self.pitch() + kx / stride
        };
        (0..self.taps()).map(place).collect()
    }

    /// The same the other way round: from where in a laid out gradient the first pixel of phase `(row, column)` of every
    /// input gets its gradient, each with the output, `ky` and `kx` of its weight.
    pub fn input_taps(&self, row: usize, column: usize) -> Vec<(usize, [usize; 3])> {
        let mut taps = Vec::new();
        for output in 0..self.outputs {
            for ky in (row..self.kernel).step_by(self.stride) {
                for kx in (column..self.kernel).step_by(self.stride) {
                    let back = ky / self.stride * self.pitch() + kx / self.stride;
                    taps.push((output * self.grad_step() + self.margin() - back, [output, ky, kx]));
                }
            }
        }
        taps
    }

    /// Lays out a picture in phases.
    pub fn lay_out(&self, picture: &[f32], phases: &mut [f32]) {
        let phases = phases.chunks_exact_mut(self.phase_len()).take(self.inputs * self.stride * self.stride);
        for (index, phase) in phases.enumerate() {
            let (channel, row, column) = self.phase(index);
            let plane = &picture[channel * self.height * self.width..][..self.height * self.width];
            let inside = self.inside(column, self.width, self.pitch());
            for (y, line) in phase.chunks_exact_mut(self.pitch()).enumerate() {
                let Some(source) = self.source(y, row, self.height) else {
                    line.fill(0.0);
                    continue;
                };
                line[..inside.start].fill(0.0);
                line[inside.end..].fill(0.0);
                let Some(first) = self.source(inside.start, column, self.width) else { continue };
                let source = &plane[source * self.width..][..self.width][first..];
                let line = &mut line[inside.clone()];
                match self.stride {
                    1 => line.copy_from_slice(&source[..line.len()]),
                    stride => line.iter_mut().zip(source.iter().step_by(stride)).for_each(|(to, &from)| *to = from),
                }
            }
        }
    }

    /// Takes the pixels of a phase `(row, column)` of one channel back to where they belong in its plane.
    pub fn put_back(&self, phase: &[f32], row: usize, column: usize, plane: &mut [f32]) {
        let inside = self.inside(column, self.width, self.pitch());
        let Some(first) = self.source(inside.start, column, self.width) else { return };
        for (y, line) in phase.chunks_exact(self.pitch()).take(self.phase_rows()).enumerate() {
            let Some(target) = self.source(y, row, self.height) else { continue };
            let target = &mut plane[target * self.width..][..self.width][first..];
            let line = &line[inside.clone()];
            match self.stride {
                1 => target[..line.len()].copy_from_slice(line),
                stride => target.iter_mut().step_by(stride).zip(line).for_each(|(to, &from)| *to = from),
            }
        }
    }

    /// Lays out a gradient between zeros. `write` is given a channel, a range of its numbers and where they belong.
    pub fn lay_out_grad(&self, grads: &mut [f32], mut write: impl FnMut(usize, Range<usize>, &mut [f32])) {
        let (channels, behind) = grads.split_at_mut(self.outputs * self.grad_step());
        behind.fill(0.0);
        for (index, channel) in channels.chunks_exact_mut(self.grad_step()).enumerate() {
            let (before, rest) = channel.split_at_mut(self.margin());
            let (rows, behind) = rest.split_at_mut(self.stretch());
            before.fill(0.0);
            behind.fill(0.0);
            for (y, line) in rows.chunks_exact_mut(self.pitch()).enumerate() {
                let (line, unused) = line.split_at_mut(self.out_width());
                write(index, y * line.len()..(y + 1) * line.len(), line);
                unused.fill(0.0);
            }
        }
    }

    /// `(channel, row, column)` of a phase.
    fn phase(&self, index: usize) -> (usize, usize, usize) {
        (index / (self.stride * self.stride), index / self.stride % self.stride, index % self.stride)
    }

    /// The pixel of the picture that lies at `place` of a phase, if any does.
    fn source(&self, place: usize, phase: usize, length: usize) -> Option<usize> {
        (place * self.stride + phase).checked_sub(self.padding).filter(|&source| source < length)
    }

    /// The places of a phase of `count` that hold pixels of the picture.
    fn inside(&self, phase: usize, length: usize, count: usize) -> Range<usize> {
        let start = self.padding.saturating_sub(phase).div_ceil(self.stride).min(count);
        let end = (length + self.padding).saturating_sub(phase).div_ceil(self.stride).min(count);
        start..end.max(start)
    }
}
