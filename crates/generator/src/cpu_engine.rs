use candle_core::Result;
use inkcast_frame::{Layers, Picture};
use inkcast_kernels::conv::{Addend, PackedConv, Placement, conv};
use inkcast_kernels::shuffle::{SHUFFLED, UNSHUFFLED, join, unshuffle};
use inkcast_kernels::{FeatureMap, Level};

use crate::architecture::SHUFFLE;
use crate::{Conv, Folded};

/// Runs folded weights on the CPU, channels last, in buffers that are made once per picture size.
///
/// It computes what [`Folded::forward`] defines, clamped to 0..1, for pictures of any size.
#[derive(Debug)]
pub struct CpuEngine {
    level: Level,
    weights: Weights,
    maps: Maps,
}

#[derive(Debug)]
struct Weights {
    enter: PackedConv,
    down: PackedConv,
    blocks: Vec<[PackedConv; 2]>,
    /// One 1x1 convolution for each pixel of a 2x2 block: together a convolution and a pixel-shuffle.
    up: [PackedConv; SHUFFLE],
    mix: PackedConv,
    exit: PackedConv,
    source: [[f32; 3]; 3],
}

/// Activations, named after what they hold.
#[derive(Debug, Default)]
struct Maps {
    unshuffled: FeatureMap,
    fine: FeatureMap,
    joined: FeatureMap,
    change: FeatureMap,
    coarse: FeatureMap,
    inner: FeatureMap,
    next: FeatureMap,
}

impl CpuEngine {
    /// Packs `folded` for the kernels of `level`.
    pub fn new(folded: &Folded, level: Level) -> Result<Self> {
        Ok(CpuEngine { level, weights: Weights::pack(folded)?, maps: Maps::default() })
    }

    /// Takes the weights of another style; buffers stay.
    pub fn set_style(&mut self, folded: &Folded) -> Result<()> {
        self.weights = Weights::pack(folded)?;
        Ok(())
    }

    /// The layers of one picture, on the current thread pool.
    pub fn run(&mut self, picture: &Picture, layers: &mut Layers) {
        let CpuEngine { level, weights, maps } = self;
        let level = *level;
        maps.fit(picture.size(), weights);
        layers.resize(picture.width(), picture.height());
        let Maps { unshuffled, fine, joined, change, coarse, inner, next } = maps;

        unshuffle(picture, unshuffled);
        conv(level, &weights.enter, unshuffled, Addend::None, true, fine, Placement::WHOLE);
        conv(level, &weights.down, fine, Addend::None, true, coarse, Placement::WHOLE);
        for [first, second] in &weights.blocks {
            conv(level, first, coarse, Addend::None, true, inner, Placement::WHOLE);
            conv(level, second, inner, Addend::Map(coarse), true, next, Placement::WHOLE);
            std::mem::swap(coarse, next);
        }
        for (index, up) in weights.up.iter().enumerate() {
            let place = Placement { step: 2, x: index % 2, y: index / 2 };
            conv(level, up, coarse, Addend::Map(fine), true, joined, place);
        }
        // The skip connection is used up: its map takes the next result.
        conv(level, &weights.mix, joined, Addend::None, true, fine, Placement::WHOLE);
        conv(level, &weights.exit, fine, Addend::None, false, change, Placement::WHOLE);
        join(picture, &weights.source, change, layers);
    }
}

impl Weights {
    fn pack(folded: &Folded) -> Result<Self> {
        let [enter, down, blocks @ .., up, mix, exit] = &folded.convs[..] else {
            candle_core::bail!("a folded generator has at least five convolutions");
        };
        let all = |outputs: usize| -> Vec<usize> { (0..outputs).collect() };
        let plain = |conv: &Conv| pack_outputs(conv, &all(conv.bias.dim(0)?));
        let half = folded.architecture.half_channels;
        let up_part = |part: usize| pack_outputs(up, &(0..half).map(|c| c * SHUFFLE + part).collect::<Vec<_>>());
        let shuffled: Vec<usize> = (0..SHUFFLED).map(|index| index % 4 * SHUFFLE + index / 4).collect();
        Ok(Weights {
            enter: plain(enter)?,
            down: plain(down)?,
            blocks: blocks.chunks(2).map(|pair| Ok([plain(&pair[0])?, plain(&pair[1])?])).collect::<Result<_>>()?,
            up: [up_part(0)?, up_part(1)?, up_part(2)?, up_part(3)?],
            mix: plain(mix)?,
            exit: pack_outputs(exit, &shuffled)?,
            source: folded.source_matrix()?,
        })
    }
}

/// Packs the outputs of `conv` named by `order`, in that order.
fn pack_outputs(conv: &Conv, order: &[usize]) -> Result<PackedConv> {
    let (_, inputs, kernel, _) = conv.weight.dims4()?;
    let size = inputs * kernel * kernel;
    let weight = conv.weight.flatten_all()?.to_vec1::<f32>()?;
    let bias = conv.bias.to_vec1::<f32>()?;
    let ordered_weight: Vec<f32> = order.iter().flat_map(|&o| &weight[o * size..(o + 1) * size]).copied().collect();
    let ordered_bias: Vec<f32> = order.iter().map(|&o| bias[o]).collect();
    Ok(PackedConv::new(&ordered_weight, &ordered_bias, inputs, kernel, conv.stride))
}

impl Maps {
    /// Makes the maps for pictures of `size`, completed to multiples of 4, unless they are there.
    fn fit(&mut self, (width, height): (usize, usize), weights: &Weights) {
        let quarter = (width.div_ceil(4), height.div_ceil(4));
        let half = (2 * quarter.0, 2 * quarter.1);
        let (fine, coarse) = (weights.enter.padded_outputs(), weights.down.padded_outputs());
        let fit = |map: &mut FeatureMap, (width, height): (usize, usize), channels| {
            if (map.width(), map.height(), map.channels()) != (width, height, channels) {
                *map = FeatureMap::new(width, height, channels);
            }
        };
        fit(&mut self.unshuffled, half, UNSHUFFLED);
        fit(&mut self.fine, half, fine);
        fit(&mut self.joined, half, fine);
        fit(&mut self.change, half, SHUFFLED);
        fit(&mut self.coarse, quarter, coarse);
        fit(&mut self.inner, quarter, coarse);
        fit(&mut self.next, quarter, coarse);
    }
}
