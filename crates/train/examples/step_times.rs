//! Times steps of training, one at a time, so that another program can take turns with it:
//! `step_times adversarial|default own|candle THREADS`. Each line on standard input runs one step; the milliseconds it
//! took and those that processors worked on it (Linux only) come back as a line on standard output. The first line out
//! says what runs.
//!
//! `adversarial` is a generator at a quarter of the resolution against a discriminator of patches, four pictures of
//! 256x256; `scripts/peers/train_step.py` is the same step in PyTorch. `default` is the default model on two crops of
//! 192x192. `candle` takes Candle's own convolutions in place of those of `inkcast_train::ops`.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::ops::{pixel_shuffle, pixel_unshuffle};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use inkcast_generator::{CandleOps, ConvOps};
use inkcast_train::config::Config;
use inkcast_train::losses::loss_terms;
use inkcast_train::ops::{Convolution, TrainingOps, add_relu, convolve};
use inkcast_train::weights::Weights;

const USAGE: &str = "step_times adversarial|default own|candle THREADS";

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [step, convolutions, threads] = &words[..] else { bail!(USAGE) };
    let own = match convolutions.as_str() {
        "own" => true,
        "candle" => false,
        _ => bail!(USAGE),
    };
    // SAFETY: no other thread runs yet that could read the environment.
    unsafe { std::env::set_var("CANDLE_NUM_THREADS", if own { "1" } else { threads }) };
    rayon::ThreadPoolBuilder::new().num_threads(threads.parse().context(USAGE)?).build_global()?;
    let mut step: Box<dyn FnMut() -> Result<()>> = match step.as_str() {
        "adversarial" => {
            let mut adversaries = Adversaries::new(own)?;
            Box::new(move || adversaries.step())
        }
        "default" => Box::new(default_model(own)?),
        _ => bail!(USAGE),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{convolutions} convolutions")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let (start, worked) = (Instant::now(), processor_time());
        step()?;
        let times = [start.elapsed(), processor_time().saturating_sub(worked)].map(|time| time.as_secs_f64() * 1e3);
        writeln!(out, "{:.2} {:.2}", times[0], times[1])?;
        out.flush()?;
    }
    Ok(())
}

/// Time that the threads of this program have run for, as far as the system tells.
fn processor_time() -> Duration {
    let nanoseconds = |task: std::fs::DirEntry| -> Option<u64> {
        std::fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    Duration::from_nanos(tasks.filter_map(|task| nanoseconds(task.ok()?)).sum())
}

/// One style of the default model: gradients of every parameter from two crops, and the change of the weights.
fn default_model(own: bool) -> Result<impl FnMut() -> Result<()>> {
    let config = Config::parse(include_str!("../configs/inkcast-s.toml"))?;
    let mut weights = Weights::new(&config, None, &Device::Cpu)?;
    let input =
        Tensor::rand(0f32, 1.0, (config.fit.crops, 3, config.fit.crop_size, config.fit.crop_size), &Device::Cpu)?;
    let target = Tensor::cat(&[&input, &input.narrow(1, 0, 1)?], 1)?;
    let ops: &dyn ConvOps = if own { &TrainingOps } else { &CandleOps };
    let mut number = 0;
    Ok(move || {
        let generator = weights.generator()?;
        let vector = generator.style(&config.styles[0].name).context("the first style has a vector")?;
        let output = generator.fold(vector)?.forward(ops, &input, None)?;
        let mut gradient = weights.no_gradient();
        weights.add(&mut gradient, &loss_terms(&output, &target)?.sum_all()?.backward()?)?;
        weights.update(gradient, number)?;
        number += 1;
        Ok(())
    })
}

/// A convolution: weight and bias, both variables.
struct Conv {
    weight: Var,
    bias: Var,
    convolution: Convolution,
}

/// A generator and a discriminator, each with its optimiser, and what they see.
struct Adversaries {
    own: bool,
    generator: Vec<Conv>,
    discriminator: Vec<Conv>,
    generator_optimiser: AdamW,
    discriminator_optimiser: AdamW,
    /// `[4, 7, 256, 256]`.
    input: Tensor,
    /// `[4, 3, 256, 256]`.
    target: Tensor,
}

impl Adversaries {
    fn new(own: bool) -> Result<Self> {
        let conv = |inputs: usize, outputs: usize, kernel: usize, stride: usize, slope: f32| -> Result<Conv> {
            let deviation = (2.0 / (inputs * kernel * kernel) as f64).sqrt();
            let weight = Var::randn_f64(0.0, deviation, (outputs, inputs, kernel, kernel), DType::F32, &Device::Cpu)?;
            let bias = Var::zeros(outputs, DType::F32, &Device::Cpu)?;
            Ok(Conv { weight, bias, convolution: Convolution { stride, padding: 1, slope } })
        };
        let mut generator = vec![conv(7 * 16, 32, 3, 1, 0.0)?];
        for _ in 0..4 {
            generator.push(conv(32, 32, 3, 1, 0.0)?);
            generator.push(conv(32, 32, 3, 1, 1.0)?);
        }
        generator.push(conv(32, 48, 3, 1, 1.0)?);
        let discriminator = vec![
            conv(3, 64, 4, 2, 0.2)?,
            conv(64, 128, 4, 2, 0.2)?,
            conv(128, 256, 4, 2, 0.2)?,
            conv(256, 1, 4, 1, 1.0)?,
        ];
        let optimiser = |convs: &[Conv]| {
            let vars = convs.iter().flat_map(|conv| [conv.weight.clone(), conv.bias.clone()]).collect();
            AdamW::new(vars, ParamsAdamW { lr: 2e-4, beta1: 0.5, ..ParamsAdamW::default() })
        };
        Ok(Adversaries {
            own,
            generator_optimiser: optimiser(&generator)?,
            discriminator_optimiser: optimiser(&discriminator)?,
            generator,
            discriminator,
            input: Tensor::rand(0f32, 1.0, (4, 7, 256, 256), &Device::Cpu)?,
            target: Tensor::rand(0f32, 1.0, (4, 3, 256, 256), &Device::Cpu)?,
        })
    }

    fn convolve(&self, conv: &Conv, x: &Tensor, frozen: bool) -> Result<Tensor> {
        let (mut weight, mut bias) = (conv.weight.as_tensor().clone(), conv.bias.as_tensor().clone());
        if frozen {
            (weight, bias) = (weight.detach(), bias.detach());
        }
        if self.own {
            return Ok(convolve(x, &weight, &bias, conv.convolution)?);
        }
        let Convolution { stride, padding, slope } = conv.convolution;
        let y = x.conv2d(&weight, padding, stride, 1, 1)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
        Ok(if slope == 1.0 { y } else { candle_nn::ops::leaky_relu(&y, slope.into())? })
    }

    fn draw(&self) -> Result<Tensor> {
        let [enter, blocks @ .., exit] = &self.generator[..] else { bail!("a generator has two convolutions or more") };
        let mut x = self.convolve(enter, &pixel_unshuffle(&self.input, 4)?, false)?;
        for block in blocks.chunks(2) {
            let inner = self.convolve(&block[1], &self.convolve(&block[0], &x, false)?, false)?;
            x = if self.own { add_relu(&inner, &x)? } else { (inner + &x)?.relu()? };
        }
        Ok((pixel_shuffle(&self.convolve(exit, &x, false)?, 4)? + self.input.narrow(1, 0, 3)?)?)
    }

    fn judge(&self, picture: &Tensor, frozen: bool) -> Result<Tensor> {
        self.discriminator.iter().try_fold(picture.clone(), |x, conv| self.convolve(conv, &x, frozen))
    }

    /// A step of the discriminator, then one of the generator, with least squares (Mao et al. 2017) and a difference to
    /// the target.
    fn step(&mut self) -> Result<()> {
        let drawn = self.draw()?;
        let real = (self.judge(&self.target, false)? - 1.0)?.sqr()?.mean_all()?;
        let fake = self.judge(&drawn.detach(), false)?.sqr()?.mean_all()?;
        self.discriminator_optimiser.backward_step(&(real + fake)?)?;
        let fooled = (self.judge(&drawn, true)? - 1.0)?.sqr()?.mean_all()?;
        let near = (drawn - &self.target)?.abs()?.mean_all()?;
        self.generator_optimiser.backward_step(&(fooled + (near * 10.0)?)?)?;
        Ok(())
    }
}
