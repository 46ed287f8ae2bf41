//! What a step trains on, drawn by a thread of its own where a device computes the steps.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use candle_core::{Device, Tensor};
use crossbeam_channel::{Receiver, bounded};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::config::{Config, Style};
use crate::data::{Batch, ClipSequence, Drawing, Example, Sequences, draw};

/// Steps that are drawn ahead of the one that is computed.
const AHEAD: usize = 2;

/// Crops for one style of one step.
pub struct Draft {
    /// The crops.
    pub batch: Batch,
    /// Whether they are sequences.
    pub is_sequence: bool,
    /// What else is random in the step of this style comes from here.
    pub seed: u64,
}

/// Draws the crops of every step: they depend on the configuration, the pictures and the number of the step alone.
pub struct Supply {
    config: Arc<Config>,
    examples: Arc<Vec<Example>>,
    clips: Arc<Vec<ClipSequence>>,
    /// Whether steps are drawn before they are asked for.
    looks_ahead: bool,
    ahead: Option<Ahead>,
}

/// A thread that draws, and the step that comes next from it.
struct Ahead {
    next: u64,
    drafts: Receiver<Result<Vec<Draft>>>,
}

impl Supply {
    /// For steps that are computed on `device`: on the CPU, drawing ahead would only take time from them.
    pub fn new(config: &Config, examples: Vec<Example>, device: &Device) -> Self {
        let (config, examples) = (Arc::new(config.clone()), Arc::new(examples));
        Supply { config, examples, clips: Arc::default(), looks_ahead: !device.is_cpu(), ahead: None }
    }

    /// The same with sequences of clips.
    pub fn with_clips(self, clips: Vec<ClipSequence>) -> Self {
        Supply { clips: Arc::new(clips), ahead: None, ..self }
    }

    /// The pictures that crops are drawn from.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// `count` single crops `[count, 3, size, size]` on the CPU of the kind that the style with this index is trained on, but
    /// others than those of the step with this number.
    pub fn crops(&self, style: usize, count: usize, number: u64) -> Result<Tensor> {
        let config = &self.config;
        let drawing = Drawing { count, ..drawing(config, &config.styles[style], None) };
        let seed = seed(config, style, number).rotate_left(32);
        let batch = draw(&self.examples, &drawing, seed, &Device::Cpu)?;
        batch.frames.into_iter().next().context("a crop has a frame")
    }

    /// The crops of a step on the CPU, in the order of the styles.
    pub fn step(&mut self, number: u64) -> Result<Vec<Draft>> {
        if !self.looks_ahead {
            return drafts(&self.config, &self.examples, &self.clips, number);
        }
        let ahead = match self.ahead.take().filter(|ahead| ahead.next == number) {
            Some(ahead) => ahead,
            // The first step, or one after going back to a checkpoint; a thread that is no longer heard ends.
            None => self.start(number)?,
        };
        let ahead = self.ahead.insert(Ahead { next: number + 1, ..ahead });
        ahead.drafts.recv().map_err(|_| anyhow!("the thread that draws crops has ended"))?
    }

    fn start(&self, first: u64) -> Result<Ahead> {
        let (sender, drafts) = bounded(AHEAD);
        let (config, examples, clips) = (Arc::clone(&self.config), Arc::clone(&self.examples), Arc::clone(&self.clips));
        std::thread::Builder::new().name("supply".to_string()).spawn(move || {
            let mut steps = (first..).map(|number| self::drafts(&config, &examples, &clips, number));
            steps.try_for_each(|drafts| sender.send(drafts))
        })?;
        Ok(Ahead { next: first, drafts })
    }
}

/// The crops of a step for every style.
fn drafts(config: &Config, examples: &[Example], clips: &[ClipSequence], step: u64) -> Result<Vec<Draft>> {
    let draft = |(index, style): (usize, &Style)| {
        let seed = seed(config, index, step);
        let chance = StdRng::seed_from_u64(!seed).random::<f32>();
        let temporal = config.temporal.as_ref().filter(|temporal| chance < temporal.sequences.share);
        let drawing = Drawing { clips, ..drawing(config, style, temporal.map(|temporal| &temporal.sequences)) };
        let batch = draw(examples, &drawing, seed, &Device::Cpu)?;
        Ok(Draft { batch, is_sequence: temporal.is_some(), seed })
    };
    config.styles.iter().enumerate().map(draft).collect()
}

fn drawing<'a>(config: &'a Config, style: &Style, sequences: Option<&'a Sequences>) -> Drawing<'a> {
    let Config { fit, augment, damage, .. } = config;
    Drawing { look: style.look, count: fit.crops, size: fit.crop_size, augment, damage, sequences, clips: &[] }
}

/// What the crops of a style in a step are drawn from.
fn seed(config: &Config, style: usize, step: u64) -> u64 {
    // Multiplied so that neighbouring steps and styles draw from unrelated seeds.
    let number = step * config.styles.len() as u64 + style as u64 + 1;
    config.fit.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::looks::Look;

    fn supply(looks_ahead: bool) -> Supply {
        let config = Config::parse(include_str!("../configs/debug.toml")).unwrap();
        let example = |shade: usize| {
            let bytes = |channels: usize| (0..48 * 40 * channels).map(|i| ((i * 7 + shade * 31) % 251) as u8).collect();
            let layers = Look::ALL.into_iter().map(|look| (look, bytes(4))).collect();
            Example { name: format!("{shade}"), width: 48, height: 40, source: bytes(3), layers, comic: None }
        };
        let mut supply = Supply::new(&config, (0..3).map(example).collect(), &Device::Cpu);
        supply.looks_ahead = looks_ahead;
        supply
    }

    fn numbers(supply: &mut Supply, step: u64) -> Vec<f32> {
        let drafts = supply.step(step).unwrap();
        let tensors = drafts.iter().flat_map(|draft| [&draft.batch.frames[0], &draft.batch.target]);
        tensors.flat_map(|tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()).collect()
    }

    #[test]
    fn drawing_ahead_changes_nothing() {
        let (mut now, mut ahead) = (supply(false), supply(true));
        // On and on, and back again, as after reading a checkpoint.
        for step in [0, 1, 2, 7, 8, 2] {
            assert!(numbers(&mut now, step) == numbers(&mut ahead, step), "step {step}");
        }
    }
}
