//! The machine of the tests: the CPU, with the stages of the stylizer, as a device does them. What a device cannot know
//! before it starts, a cut or a repeated frame, makes no other launches here either.

use inkcast_frame::{Layers, OwnedFrame};
use inkcast_generator::{Carried, Package};
use inkcast_kernels::Level;
use inkcast_kernels::compose::Settling;
use inkcast_kernels::warp::Warped;

use super::{Found, Machine, Outcome, Plan, Step};
use crate::history::History;
use crate::stages::s1_ingest::{self, Ingested};
use crate::stages::s2_motion::MotionStage;
use crate::stages::s4_generate::GenerateStage;
use crate::stages::s6_print::PrintStage;
use crate::stages::{s3_carry, s5_compose, s7_emit};
use crate::{Compute, DeviceChoice, StylizeError};

pub(crate) struct HostMachine {
    package: Package,
    level: Level,
    input: Option<OwnedFrame>,
    output: Option<OwnedFrame>,
    sets: [Set; 2],
    motion: MotionStage,
    found: Option<Found>,
    generate: GenerateStage,
    fresh: Layers,
    settling: Option<Settling>,
    print: PrintStage,
}

#[derive(Default)]
struct Set {
    ingested: Ingested,
    settled: Warped,
}

impl HostMachine {
    pub fn new(package: Package) -> Result<Self, StylizeError> {
        let level = Level::detect();
        let compute = Compute { device: DeviceChoice::Cpu, ..Compute::default() };
        Ok(HostMachine {
            generate: GenerateStage::new(&package, compute)?,
            package,
            level,
            input: None,
            output: None,
            sets: Default::default(),
            motion: MotionStage::new(level),
            found: None,
            fresh: Layers::default(),
            settling: None,
            print: PrintStage::default(),
        })
    }

    /// Takes over a frame's bytes.
    pub fn upload(&mut self, frame: &OwnedFrame) {
        self.input = Some(frame.clone());
    }

    /// The page.
    pub fn download(&mut self) -> OwnedFrame {
        self.output.take().expect("the page was printed")
    }

    fn step(&mut self, plan: &Plan, step: Step, now: usize) -> Result<(), StylizeError> {
        let HostMachine { package, level, input, output, sets, motion, found, generate, fresh, settling, print } = self;
        let level = *level;
        let [first, second] = sets;
        let (here, before) = if now == 0 { (first, second) } else { (second, first) };
        let source = input.as_ref().expect("a frame was uploaded").view();
        let Found { scene_cut, repeated, .. } = found.unwrap_or_default();
        match step {
            Step::Ingest => s1_ingest::run(level, &source, &mut here.ingested),
            Step::Motion => {
                let history = History { luma: std::mem::take(&mut before.ingested.luma), ..History::default() };
                motion.run(&history, &here.ingested);
                before.ingested.luma = history.luma;
                *found = Some(Found {
                    scene_cut: motion.motion.scene_cut,
                    repeated: motion.motion.repeated && before.ingested.picture == here.ingested.picture,
                });
                match motion.motion.scene_cut {
                    true => print.restart(),
                    false => print.follow(motion.camera(&here.ingested)),
                }
            }
            Step::Restart => print.restart(),
            Step::Carry => {
                let layers = std::mem::take(&mut before.settled.layers);
                let history = History { layers, age: std::mem::take(&mut before.settled.age), ..History::default() };
                let shift = here.ingested.motion_shift;
                s3_carry::run(level, &history, &motion.motion, shift, &mut here.settled);
                let Warped { layers, confidence, age } = &mut here.settled;
                if scene_cut {
                    layers.data_mut().fill([0; 4]);
                    confidence.data_mut().fill(0);
                    age.data_mut().fill(0);
                } else if repeated {
                    layers.data_mut().copy_from_slice(history.layers.data());
                    age.data_mut().copy_from_slice(history.age.data());
                }
                (before.settled.layers, before.settled.age) = (history.layers, history.age);
            }
            Step::Generate => {
                generate.set_style(package, plan.style)?;
                let Warped { layers, confidence, .. } = &here.settled;
                let carried = plan.is_carried.then_some(Carried { layers, confidence });
                generate.run(level, &here.ingested.picture, carried, plan.working, fresh)?;
            }
            Step::Compose if repeated => {}
            Step::Compose => *settling = Some(s5_compose::run(level, fresh, &mut here.settled, plan.steadiness)),
            Step::Start => s5_compose::start(fresh, &mut here.settled),
            Step::Print => {
                let page = print.run(level, &here.ingested.picture, &here.settled.layers, &plan.page);
                let output = output.get_or_insert_with(|| OwnedFrame::new(plan.output));
                s7_emit::run(level, &page, &source, &mut output.view_mut());
            }
        }
        Ok(())
    }
}

impl Machine for HostMachine {
    type Error = StylizeError;

    fn prepare(&mut self, plan: &Plan) -> Result<(), StylizeError> {
        self.output = Some(OwnedFrame::new(plan.output));
        (self.found, self.settling) = (None, None);
        Ok(())
    }

    fn run(&mut self, plan: &Plan, now: usize) -> Result<(), StylizeError> {
        plan.steps().iter().try_for_each(|&step| self.step(plan, step, now))
    }

    fn finish(&mut self, _plan: &Plan) -> Result<Outcome, StylizeError> {
        Ok(Outcome { found: self.found, settling: self.settling.take(), times: None })
    }
}
