//! The network in 16-bit floats, as the tensor cores of a CUDA device run it.
//!
//! It takes the same launches for every frame of a size, one after another: `enter` and `down` to quarter resolution, two
//! for each block, `up` to half resolution, `mix`, and `exit` to the layers. What a launch adds to lies in its output, so
//! four maps are enough. Who runs the launches is a [`Machine`]: a device, or in tests the kernels' bodies on the host.
//!
//! The launches may be for several frames of one size, of different streams: each gets the layers that it gets alone.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod weights;

use inkcast_kernels::conv_f16::{MapSize, PackedConvF16};
use inkcast_kernels::shuffle::Source;

use crate::{Folded, GeneratorError};
use weights::Weights;

/// What runs the launches.
pub trait Machine {
    /// Maps of one size in its memory, one for each frame.
    type Map;
    /// A convolution whose weights it has.
    type Conv;
    /// The residual from the source.
    type Source;
    /// What a frame brings: a picture, and what is carried from the previous one.
    type Input<'a>: Copy;
    /// What a frame gives.
    type Layers;
    /// A frame that can be handed to the thread that runs several streams.
    type Frame: Send + 'static;

    /// What a frame brings, and where its layers go.
    fn parts(frame: &mut Self::Frame) -> (Self::Input<'_>, &mut Self::Layers);

    /// Maps for up to `frames` frames, whatever they hold.
    fn new_map(&self, size: MapSize, frames: usize) -> Result<Self::Map, GeneratorError>;

    /// A convolution's weights.
    fn new_conv(&self, packed: PackedConvF16) -> Result<Self::Conv, GeneratorError>;

    /// Other weights of the same shape in the same memory.
    fn set_conv(&self, conv: &mut Self::Conv, packed: PackedConvF16) -> Result<(), GeneratorError>;

    /// The residual.
    fn new_source(&self, source: &Source) -> Result<Self::Source, GeneratorError>;

    /// Another residual in the same memory.
    fn set_source(&self, place: &mut Self::Source, source: &Source) -> Result<(), GeneratorError>;

    /// Picture and what is carried of each frame -> its map.
    fn enter(
        &self,
        conv: &Self::Conv,
        inputs: &[Self::Input<'_>],
        output: &mut Self::Map,
    ) -> Result<(), GeneratorError>;

    /// Map -> map, or onto what it holds, of each of the first `frames` frames.
    fn conv(
        &self,
        conv: &Self::Conv,
        frames: usize,
        input: &Self::Map,
        output: &mut Self::Map,
    ) -> Result<(), GeneratorError>;

    /// Map and picture of each frame -> its layers.
    fn exit(
        &self,
        conv: &Self::Conv,
        map: &Self::Map,
        inputs: &[Self::Input<'_>],
        source: &Self::Source,
        layers: &mut [&mut Self::Layers],
    ) -> Result<(), GeneratorError>;
}

/// The network for one style, with its maps.
pub struct HalfNetwork<M: Machine> {
    machine: M,
    /// In the order they run.
    convs: Vec<M::Conv>,
    /// The same on the host, for their sizes.
    shapes: Vec<PackedConvF16>,
    source: M::Source,
    maps: Option<Maps<M>>,
}

/// The maps for pictures of one size.
struct Maps<M: Machine> {
    picture: (usize, usize),
    /// For how many of them there is room.
    frames: usize,
    /// Behind `enter`, at half resolution; then joined with what `up` gives.
    fine: M::Map,
    /// Behind `down` and each block, at quarter resolution.
    coarse: M::Map,
    /// Within a block.
    inner: M::Map,
    /// Behind `mix`.
    mixed: M::Map,
}

impl<M: Machine> HalfNetwork<M> {
    /// Packs `folded` and brings it where the machine needs it.
    pub fn new(machine: M, folded: &Folded) -> Result<Self, GeneratorError> {
        let Weights { convs: shapes, source } = Weights::pack(folded)?;
        let convs = shapes.iter().map(|packed| machine.new_conv(packed.clone())).collect::<Result<_, _>>()?;
        let source = machine.new_source(&source)?;
        Ok(HalfNetwork { machine, convs, shapes, source, maps: None })
    }

    /// Takes the weights of another style. They lie where those of the last one did, so that recorded launches stay good,
    /// unless the network is of another shape.
    pub fn set_style(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        let Weights { convs, source } = Weights::pack(folded)?;
        let alike = convs.len() == self.shapes.len() && convs.iter().zip(&self.shapes).all(|(a, b)| a.is_like(b));
        if alike {
            for (packed, conv) in convs.into_iter().zip(&mut self.convs) {
                self.machine.set_conv(conv, packed)?;
            }
        } else {
            self.convs = convs.iter().map(|packed| self.machine.new_conv(packed.clone())).collect::<Result<_, _>>()?;
            (self.shapes, self.maps) = (convs, None);
        }
        self.machine.set_source(&mut self.source, &source)
    }

    /// Makes the maps for as many pictures of this size, unless they are there.
    pub fn fit(&mut self, picture: (usize, usize), frames: usize) -> Result<(), GeneratorError> {
        if self.maps.as_ref().is_some_and(|maps| maps.picture == picture && maps.frames >= frames) {
            return Ok(());
        }
        // The old ones make room first.
        self.maps = None;
        let fine = self.shapes[0].output(self.shapes[0].entry_size(picture));
        let coarse = self.shapes[1].output(fine);
        let map = |size: MapSize| self.machine.new_map(size, frames);
        let (inner, mixed) = (map(coarse)?, map(fine)?);
        self.maps = Some(Maps { picture, frames, fine: map(fine)?, coarse: map(coarse)?, inner, mixed });
        Ok(())
    }

    /// The layers of pictures whose size and number `fit` was told of last.
    pub fn run(&mut self, inputs: &[M::Input<'_>], layers: &mut [&mut M::Layers]) -> Result<(), GeneratorError> {
        let HalfNetwork { machine, convs, source, maps, .. } = self;
        let Some(Maps { fine, coarse, inner, mixed, .. }) = maps else {
            return Err(GeneratorError::Architecture("the network has no maps for this size yet".to_string()));
        };
        let [enter, down, blocks @ .., up, mix, exit] = &convs[..] else {
            return Err(GeneratorError::Architecture("a generator has at least five convolutions".to_string()));
        };
        let frames = inputs.len();
        machine.enter(enter, inputs, fine)?;
        machine.conv(down, frames, fine, coarse)?;
        for pair in blocks.chunks_exact(2) {
            machine.conv(&pair[0], frames, coarse, inner)?;
            machine.conv(&pair[1], frames, inner, coarse)?;
        }
        machine.conv(up, frames, coarse, fine)?;
        machine.conv(mix, frames, fine, mixed)?;
        machine.exit(exit, mixed, inputs, source, layers)
    }

    /// Who runs it.
    pub fn machine(&self) -> &M {
        &self.machine
    }
}
