use std::time::Duration;

use inkcast_generator::Style;

use super::{Ends, Machine, Outcome, Plan};
use crate::clock::Clock;
use crate::stages::s6_print::PagePlan;
use crate::{Report, ScreenAnchor, Settings};

/// What the host does for frames on a device: it decides what is known before a frame, and keeps what goes on.
#[derive(Debug)]
pub(crate) struct DevicePath<M> {
    machine: M,
    /// Which set of buffers the next frame works in.
    now: usize,
    /// Size of the previous frame, where there is one.
    previous: Option<(usize, usize)>,
}

impl<M: Machine> DevicePath<M> {
    /// Frames on `machine`.
    pub fn new(machine: M) -> Self {
        DevicePath { machine, now: 0, previous: None }
    }

    /// The machine that frames run on.
    #[cfg(feature = "cuda")]
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Forgets the previous frame.
    pub fn reset(&mut self) {
        self.previous = None;
    }

    /// Processes one frame between `ends`, which `bring` brings to the machine, and has `take` take the page from there. The
    /// machine has the style's weights; the network runs at `working` size.
    ///
    /// Of the times in the report that of `bring` is the first stage's, that of all that runs on the device the network's,
    /// and that of `take` the last one's, unless the machine tells the time of each stage, which then comes on top.
    pub fn process(
        &mut self,
        Ends { input, output, is_fetched }: Ends,
        (index, style): (usize, &Style),
        settings: &Settings,
        working: (usize, usize),
        bring: impl FnOnce(&mut M) -> Result<(), M::Error>,
        take: impl FnOnce(&mut M) -> Result<(), M::Error>,
    ) -> Result<Report, M::Error> {
        let size = (input.width, input.height);
        let is_steadied = settings.steadiness > 0.0;
        let is_followed = is_steadied || settings.screen_anchor == ScreenAnchor::Scene;
        let goes_on = is_followed && self.previous == Some(size);
        // Until this frame is done there is none to go on from.
        self.previous = None;
        let plan = Plan {
            input,
            output,
            is_fetched,
            working,
            style: index,
            is_followed: goes_on,
            is_carried: goes_on && is_steadied,
            steadiness: settings.steadiness,
            page: PagePlan::new(style, settings, size),
        };
        let mut clock = Clock::start();
        self.machine.prepare(&plan)?;
        bring(&mut self.machine)?;
        clock.stage(0);
        self.machine.run(&plan, self.now)?;
        let outcome = self.machine.finish(&plan)?;
        clock.stage(3);
        if let Some(times) = outcome.times {
            clock.report.stages[3] = Duration::ZERO;
            clock.report.stages.iter_mut().zip(times).for_each(|(total, time)| *total += time);
        }
        take(&mut self.machine)?;
        let on_device = clock.report.stages[6];
        clock.stage(6);
        clock.report.stages[6] += on_device;
        (self.now, self.previous) = (1 - self.now, Some(size));
        Ok(report(clock.report, &plan, outcome))
    }
}

/// The report on a frame as [`Stylizer`](crate::Stylizer) gives it, with these times.
fn report(times: Report, plan: &Plan, outcome: Outcome) -> Report {
    let found = outcome.found.unwrap_or_default();
    let is_carried = plan.is_carried && !found.scene_cut;
    let repeated = is_carried && found.repeated;
    let (carried, flicker) = match outcome.settling.filter(|_| is_carried) {
        _ if repeated => (1.0, Some(0.0)),
        Some(settling) => (settling.carried, settling.flicker),
        None => (0.0, None),
    };
    let working_size = if repeated { (0, 0) } else { plan.working };
    Report { scene_cut: found.scene_cut, repeated, carried, flicker, working_size, ..times }
}
