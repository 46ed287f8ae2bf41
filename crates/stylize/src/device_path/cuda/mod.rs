//! The machine for a CUDA device: the stages as launches on its stream, recorded as a graph once they ran.

mod buffers;
mod recordings;

use std::time::{Duration, Instant};

use inkcast_frame::{FrameInfo, FrameView, FrameViewMut};
use inkcast_generator::{CudaEngine, Package};
use inkcast_kernels::compose::cuda::{LIMITS, SUMS, compose, limits, settling};
use inkcast_kernels::conv_f16::cuda::DeviceCarried;
use inkcast_kernels::device::{
    DeviceBuffer, DeviceContext, DeviceFrame, DevicePlane, ForeignFrame, PinnedBuffer, PinnedFrame,
};
use inkcast_kernels::emit::cuda::emit;
use inkcast_kernels::ingest::cuda::ingest;
use inkcast_kernels::motion::{DeviceFrames, MotionReport};
use inkcast_kernels::print::cuda::{DevicePress, PageHow, follow, lay_out};
use inkcast_kernels::pyramid::cuda::{halve, halve_luma};
use inkcast_kernels::resize::cuda::{enlarge, shrink_confidence, shrink_layers, shrink_picture};
use inkcast_kernels::warp::cuda::{DeviceWarped, warp};

use super::{Found, Machine, Outcome, Plan, Step};
use crate::stages::s1_ingest::motion_shift;
use crate::stages::s2_motion::LEAST_CONFIDENCE;
use crate::stages::s4_generate::fold;
use crate::{STAGES, StylizeError};
use buffers::{Buffers, Smaller};
use recordings::Recordings;

/// With this variable set to 1 every stage is waited for, so that the report has the time of each; frames take longer.
const STAGES_VARIABLE: &str = "INKCAST_CUDA_STAGES";

/// A CUDA device with the network and the buffers of a stream.
#[derive(Debug)]
pub(crate) struct CudaMachine {
    device: DeviceContext,
    network: CudaEngine,
    /// Whether the network takes the carried layers as input.
    looks_back: bool,
    frames: Option<Frames>,
    buffers: Option<Buffers>,
    smaller: Option<Smaller>,
    press: Option<DevicePress>,
    numbers: Numbers,
    told: Told,
    recordings: Recordings,
    /// Times of the stages, where they are wanted.
    times: Option<[Duration; STAGES.len()]>,
}

/// The frame that comes in and the one that goes out, on the device and where the host gets at them.
#[derive(Debug)]
struct Frames {
    input: DeviceFrame,
    output: DeviceFrame,
    from_host: PinnedFrame,
    to_host: PinnedFrame,
}

/// Numbers that launches read, and what the host last wrote there.
#[derive(Debug)]
struct Numbers {
    limits: DeviceBuffer<f32>,
    steadiness: Option<f32>,
    how: DeviceBuffer<PageHow>,
    written: Option<PageHow>,
    /// How far the dots have followed the camera, and how far they are where they do not.
    shift: DeviceBuffer<f64>,
    still: DeviceBuffer<f64>,
}

/// What the host is told of a frame, in its own memory.
#[derive(Debug)]
struct Told {
    report: PinnedBuffer<MotionReport>,
    sums: PinnedBuffer<u64>,
}

impl CudaMachine {
    /// Opens the device with this index and brings the style of this index there. With a `window` other than zero the
    /// network is shared with other machines.
    pub fn new(package: &Package, style: usize, index: usize, window: Duration) -> Result<Self, StylizeError> {
        let folded = fold(package, style)?;
        let (device, network) = if window.is_zero() {
            let device = DeviceContext::open(index)?;
            (device.clone(), CudaEngine::new(&device, &folded)?)
        } else {
            let device = DeviceContext::shared(index)?;
            (device.clone(), CudaEngine::batching(&device, &folded, window)?)
        };
        let numbers = Numbers {
            limits: DeviceBuffer::new(&device, LIMITS)?,
            steadiness: None,
            how: DeviceBuffer::new(&device, 1)?,
            written: None,
            shift: DeviceBuffer::new(&device, 2)?,
            still: DeviceBuffer::new(&device, 2)?,
        };
        let told = Told { report: PinnedBuffer::new(&device, 1)?, sums: PinnedBuffer::new(&device, SUMS)? };
        let is_timed = std::env::var(STAGES_VARIABLE).is_ok_and(|value| value == "1");
        Ok(CudaMachine {
            device,
            network,
            looks_back: package.manifest().architecture.carried_input,
            frames: None,
            buffers: None,
            smaller: None,
            press: None,
            numbers,
            told,
            recordings: Recordings::default(),
            times: is_timed.then(Default::default),
        })
    }

    /// The device, for those who share it.
    pub fn device(&self) -> &DeviceContext {
        &self.device
    }

    /// Takes the weights of another style.
    pub fn set_style(&mut self, package: &Package, style: usize) -> Result<(), StylizeError> {
        Ok(self.network.set_style(&fold(package, style)?)?)
    }

    /// Brings a frame from the host's memory.
    pub fn upload(&mut self, frame: &FrameView<'_>) -> Result<(), StylizeError> {
        let Frames { input, from_host, .. } = made(&mut self.frames)?;
        from_host.fill(frame)?;
        Ok(input.upload_from(&self.device, from_host)?)
    }

    /// Brings a frame from other memory of the device.
    pub fn take_in(&mut self, frame: &ForeignFrame) -> Result<(), StylizeError> {
        let Frames { input, .. } = made(&mut self.frames)?;
        Ok(input.copy_from_foreign(&self.device, frame)?)
    }

    /// Writes the page, which was fetched, to the host's memory.
    pub fn download(&mut self, frame: &mut FrameViewMut<'_>) -> Result<(), StylizeError> {
        Ok(made(&mut self.frames)?.to_host.copy_to(frame)?)
    }

    /// Writes the page to other memory of the device.
    pub fn hand_out(&mut self, frame: &ForeignFrame) -> Result<(), StylizeError> {
        let Frames { output, .. } = made(&mut self.frames)?;
        output.copy_to_foreign(&self.device, frame)?;
        Ok(self.device.synchronize()?)
    }

    /// Brings a frame of this kind and takes it out again as it is, to the host's memory if it `is_fetched`.
    pub fn pass(
        &mut self,
        frame: FrameInfo,
        is_fetched: bool,
        bring: impl FnOnce(&mut Self) -> Result<(), StylizeError>,
        take: impl FnOnce(&mut Self) -> Result<(), StylizeError>,
    ) -> Result<(), StylizeError> {
        if !self.frames.as_ref().is_some_and(|frames| frames.are_of(frame, frame)) {
            self.recordings.clear();
            self.frames = Some(Frames::new(&self.device, frame, frame)?);
        }
        bring(self)?;
        let Frames { input, output, to_host, .. } = made(&mut self.frames)?;
        output.copy_from(&self.device, input)?;
        if is_fetched {
            output.download_to(&self.device, to_host)?;
        }
        take(self)
    }

    /// Starts the plan's steps one after another.
    fn launch(&mut self, plan: &Plan, now: usize) -> Result<(), StylizeError> {
        for &step in plan.steps() {
            let began = Instant::now();
            self.step(plan, step, now)?;
            if let Some(times) = &mut self.times {
                self.device.synchronize()?;
                times[stage(step)] += began.elapsed();
            }
        }
        Ok(())
    }

    /// Starts the copies to the host's memory: the page, if it goes there, and what becomes the report.
    fn fetch(&mut self, plan: &Plan) -> Result<(), StylizeError> {
        let CudaMachine { device, frames, buffers, told, .. } = self;
        let Buffers { motion, sums, .. } = made(buffers)?;
        if plan.is_followed {
            motion.report.download_to(device, &mut told.report)?;
        }
        if plan.is_carried {
            sums.download_to(device, &mut told.sums)?;
        }
        if plan.is_fetched {
            let Frames { output, to_host, .. } = made(frames)?;
            output.download_to(device, to_host)?;
        }
        Ok(())
    }

    /// Starts the plan's steps, recorded ones as one.
    fn start(&mut self, plan: &Plan, now: usize) -> Result<(), StylizeError> {
        let is_recorded = self.times.is_none() && self.network.can_be_recorded();
        match self.recordings.of(plan, now).filter(|_| is_recorded) {
            None => self.launch(plan, now),
            Some(Some(graph)) => Ok(graph.launch()?),
            Some(None) => {
                let device = self.device.clone();
                let mut graph = device.record(|| self.launch(plan, now))?;
                graph.launch()?;
                if let Some(place) = self.recordings.of(plan, now) {
                    *place = Some(graph);
                }
                Ok(())
            }
        }
    }

    fn step(&mut self, plan: &Plan, step: Step, now: usize) -> Result<(), StylizeError> {
        let CudaMachine { device, network, looks_back, frames, buffers, smaller, press, numbers, .. } = self;
        let Frames { input, output, .. } = made(frames)?;
        let Buffers { size, sets: [first, second], finer, motion, fresh, new_ages, sums } = made(buffers)?;
        let (here, before) = if now == 0 { (first, second) } else { (second, first) };
        let shift = motion_shift(*size);
        match step {
            Step::Ingest => {
                ingest(device, input, &mut here.picture)?;
                // From the picture to the grid for motion, by way of those between.
                let mut grids: Vec<_> = finer.iter_mut().chain([&mut here.luma]).collect();
                halve_luma(device, &here.picture, grids[0])?;
                for at in 1..grids.len() {
                    let (done, rest) = grids.split_at_mut(at);
                    halve(device, done[at - 1], rest[0])?;
                }
            }
            Step::Motion => {
                let frames = DeviceFrames {
                    previous: &before.luma,
                    current: &here.luma,
                    pictures: Some([&before.picture, &here.picture]),
                    is_first: None,
                };
                motion.estimate(device, &frames, LEAST_CONFIDENCE)?;
                follow(device, &motion.camera, 1 << shift, &motion.verdict, &mut numbers.shift)?;
            }
            Step::Restart => numbers.shift.clear(device)?,
            Step::Carry => {
                let (layers, age) = (&before.settled.layers, &before.settled.age);
                let (flow, confidence) = (&motion.flow, &motion.confidence);
                warp(device, layers, age, flow, confidence, shift, &motion.verdict, &mut here.settled)?;
            }
            Step::Generate => {
                let DeviceWarped { layers, confidence, .. } = &mut here.settled;
                // Without a previous frame the new layers are the settled ones.
                let (carried, drawn) =
                    if plan.is_carried { (Some((&*layers, &*confidence)), fresh) } else { (None, layers) };
                generate(device, network, *looks_back, &here.picture, carried, smaller.as_mut(), drawn)?;
            }
            Step::Compose => {
                sums.clear(device)?;
                compose(device, fresh, &mut here.settled, &numbers.limits, &motion.verdict, sums)?;
            }
            Step::Start => here.settled.age.values_mut().copy_from(device, new_ages)?,
            Step::Print => {
                let press = made(press)?;
                if press.has_dots() {
                    let shift = if plan.page.is_anchored { &numbers.shift } else { &numbers.still };
                    lay_out(device, shift, press)?;
                }
                let (source, layers) = (&here.picture, &here.settled.layers);
                emit(device, press, &numbers.how, source, layers, Some(input), output)?;
            }
        }
        Ok(())
    }
}

/// The network, at the size of `smaller` where there is one: the layers of `picture` into `drawn`.
fn generate(
    device: &DeviceContext,
    network: &mut CudaEngine,
    looks_back: bool,
    picture: &DevicePlane<[u8; 4]>,
    carried: Option<(&DevicePlane<[i16; 4]>, &DevicePlane<u8>)>,
    smaller: Option<&mut Smaller>,
    drawn: &mut DevicePlane<[i16; 4]>,
) -> Result<(), StylizeError> {
    let Some(small) = smaller else {
        let carried = carried.map(|(layers, confidence)| DeviceCarried { layers, confidence });
        return Ok(network.run(picture, carried, drawn)?);
    };
    shrink_picture(device, picture, &mut small.picture)?;
    let carried = match carried.filter(|_| looks_back) {
        None => None,
        Some((layers, confidence)) => {
            shrink_layers(device, layers, &mut small.carried)?;
            shrink_confidence(device, confidence, &mut small.confidence)?;
            Some(DeviceCarried { layers: &small.carried, confidence: &small.confidence })
        }
    };
    network.run(&small.picture, carried, &mut small.layers)?;
    Ok(enlarge(device, &small.layers, &small.picture, picture, drawn)?)
}

impl Machine for CudaMachine {
    type Error = StylizeError;

    fn prepare(&mut self, plan: &Plan) -> Result<(), StylizeError> {
        let CudaMachine { device, frames, buffers, smaller, press, numbers, recordings, .. } = self;
        let (width, height) = plan.size();
        if !recordings.keep(plan) {
            if !frames.as_ref().is_some_and(|frames| frames.are_of(plan.input, plan.output)) {
                // What is there goes before the other comes: two of the largest size need not fit.
                *frames = None;
                *frames = Some(Frames::new(device, plan.input, plan.output)?);
            }
            if buffers.as_ref().is_none_or(|buffers| buffers.size != (width, height)) {
                *buffers = None;
                *buffers = Some(Buffers::new(device, (width, height))?);
            }
            *smaller = None;
            if plan.working != (width, height) {
                *smaller = Some(Smaller::new(device, plan.working)?);
            }
            if !press.as_ref().is_some_and(|press| press.is_for(plan.page.print, width, height)) {
                *press = Some(DevicePress::new(device, plan.page.print, width, height)?);
            }
        }
        numbers.write(device, plan)
    }

    fn run(&mut self, plan: &Plan, now: usize) -> Result<(), StylizeError> {
        self.times.iter_mut().for_each(|times| *times = Default::default());
        self.start(plan, now)?;
        let began = Instant::now();
        self.fetch(plan)?;
        if let Some(times) = &mut self.times {
            self.device.synchronize()?;
            times[stage(Step::Print)] += began.elapsed();
        }
        Ok(())
    }

    fn finish(&mut self, plan: &Plan) -> Result<Outcome, StylizeError> {
        self.device.synchronize()?;
        let (report, sums) = (self.told.report.values()?[0], self.told.sums.values()?);
        let found = Found { scene_cut: report.scene_cut != 0, repeated: report.repeated() };
        let (width, height) = plan.size();
        let sums = std::array::from_fn(|index| sums[index]);
        Ok(Outcome {
            found: plan.is_followed.then_some(found),
            settling: plan.is_carried.then(|| settling(sums, width * height)),
            times: self.times,
        })
    }
}

impl Frames {
    fn new(device: &DeviceContext, input: FrameInfo, output: FrameInfo) -> Result<Self, StylizeError> {
        Ok(Frames {
            input: DeviceFrame::new(device, input)?,
            output: DeviceFrame::new(device, output)?,
            from_host: PinnedFrame::new(device, input)?,
            to_host: PinnedFrame::new(device, output)?,
        })
    }

    fn are_of(&self, input: FrameInfo, output: FrameInfo) -> bool {
        *self.input.info() == input && *self.output.info() == output
    }
}

impl Numbers {
    /// Writes what the plan has and was not there yet.
    fn write(&mut self, device: &DeviceContext, plan: &Plan) -> Result<(), StylizeError> {
        if self.steadiness != Some(plan.steadiness) {
            self.limits.upload(device, &limits(plan.steadiness))?;
            self.steadiness = Some(plan.steadiness);
        }
        let how = PageHow::new(plan.page.ink, plan.page.strength, plan.page.beside);
        if self.written != Some(how) {
            self.how.upload(device, &[how])?;
            self.written = Some(how);
        }
        Ok(())
    }
}

/// What [`Machine::prepare`] made.
fn made<T>(place: &mut Option<T>) -> Result<&mut T, StylizeError> {
    place.as_mut().ok_or(StylizeError::NotPrepared)
}

/// The stage that a step belongs to, as an index of [`STAGES`].
fn stage(step: Step) -> usize {
    match step {
        Step::Ingest => 0,
        Step::Motion | Step::Restart => 1,
        Step::Carry => 2,
        Step::Generate => 3,
        Step::Compose | Step::Start => 4,
        // A page is printed while it is written out.
        Step::Print => 6,
    }
}
