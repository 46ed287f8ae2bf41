use inkcast_frame::{FrameInfo, FrameView, FrameViewMut, Layers};
use inkcast_generator::{Carried, GeneratorError, Package, Style};
use inkcast_kernels::Level;
#[cfg(feature = "cuda")]
use inkcast_kernels::device::DeviceContext;
use inkcast_kernels::warp::Warped;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::clock::Clock;
use crate::history::History;
#[cfg(feature = "cuda")]
use crate::on_device::{OnDevice, Source, Target};
use crate::pacing::Pacing;
use crate::stages::s1_ingest::{self, Ingested};
use crate::stages::s2_motion::MotionStage;
use crate::stages::s3_carry;
use crate::stages::s4_generate::GenerateStage;
use crate::stages::s5_compose;
use crate::stages::s6_print::{PagePlan, PrintStage};
use crate::stages::s7_emit;
use crate::{Compare, Compute, Report, ScreenAnchor, Settings, StylizeError, WorkingSize};

/// How many frames before a piece of a longer stream have to be processed, so that the piece looks as if the whole stream
/// had been: more than the mean of a pixel's past runs over. A piece that begins with a scene cut needs none. Dots that
/// are fixed to the scene lie where the camera has taken them since the last cut, so they need the frames from there on.
pub const WARM_UP: usize = 24;

/// Turns the frames of one stream into comic frames, one after another.
///
/// Buffers are made at the first frame of a size and used again. The same frames give the same result, bit for bit,
/// whatever the number of threads, but for [`WorkingSize::Auto`], which depends on the time that frames take.
#[derive(Debug)]
pub struct Stylizer {
    package: Package,
    pool: ThreadPool,
    level: Level,
    history: History,
    pacing: Pacing,

    ingested: Ingested,
    motion: MotionStage,
    /// The previous layers moved along; once composed, the settled ones.
    carried: Warped,
    generate: GenerateStage,
    fresh: Layers,
    print: PrintStage,

    /// Where frames are computed in place of all that, if that is a CUDA device.
    #[cfg(feature = "cuda")]
    on_device: Option<OnDevice>,
    /// Why `auto` did not take CUDA.
    passed_over: Option<String>,
}

impl Stylizer {
    /// Prepares `package` to be computed as `compute` says.
    pub fn new(package: Package, compute: Compute) -> Result<Self, StylizeError> {
        let Compute { threads, .. } = compute;
        let pool =
            ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("inkcast-{index}")).build();
        let pool = pool.map_err(|error| StylizeError::Threads { threads, reason: error.to_string() })?;
        let generate = GenerateStage::new(&package, compute)?;
        #[cfg(feature = "cuda")]
        let (on_device, passed_over) = OnDevice::choose(&package, compute)?;
        #[cfg(not(feature = "cuda"))]
        let passed_over = compute.device.check().map(|()| None)?;
        let level = Level::choose().map_err(GeneratorError::from)?;
        Ok(Stylizer {
            package,
            pool,
            level,
            generate,
            history: History::default(),
            pacing: Pacing::default(),
            ingested: Ingested::default(),
            motion: MotionStage::new(level),
            carried: Warped::default(),
            fresh: Layers::default(),
            print: PrintStage::default(),
            #[cfg(feature = "cuda")]
            on_device,
            passed_over,
        })
    }

    /// Where frames are processed, in words: `cpu (2 threads, avx512, int8)` or `cuda:0 (NVIDIA H200)`. Where CUDA could
    /// have been chosen and was not, the reason follows.
    pub fn device(&self) -> String {
        #[cfg(feature = "cuda")]
        if let Some(on_device) = &self.on_device {
            return on_device.to_string();
        }
        let threads = self.pool.current_num_threads();
        let passed_over = self.passed_over.as_ref().map(|reason| format!("; {reason}")).unwrap_or_default();
        format!("cpu ({threads} threads, {}, {}){passed_over}", self.level, self.generate.numbers())
    }

    /// The model in use.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// Forgets the previous frame: after a seek, a flush, or a gap too large to match.
    pub fn reset(&mut self) {
        self.history.is_there = false;
        #[cfg(feature = "cuda")]
        if let Some(on_device) = &mut self.on_device {
            on_device.reset();
        }
    }

    /// Processes one frame. `output` has the height of `input` and the width that [`Compare::output_width`] tells; it
    /// may have another format and colorimetry. Alpha is copied where both frames have it and the same width, else it
    /// is opaque.
    ///
    /// A strength of 0 copies the source bit for bit.
    pub fn process(
        &mut self,
        input: &FrameView<'_>,
        output: &mut FrameViewMut<'_>,
        settings: &Settings,
    ) -> Result<Report, StylizeError> {
        check_size(input.info(), output.info(), settings.compare)?;
        let style = self.style_index(&settings.style)?;
        if settings.strength <= 0.0 && settings.compare == Compare::None && input.info() == output.info() {
            copy(input, output);
            self.reset();
            return Ok(Report::default());
        }
        #[cfg(feature = "cuda")]
        if self.on_device.is_some() {
            match self.process_at(Source::Host(input), Target::Host(output), settings) {
                Err(error) if self.on_device.as_ref().is_some_and(OnDevice::may_be_passed_over) => {
                    (self.on_device, self.passed_over) = (None, Some(error.to_string()));
                }
                result => return result,
            }
        }
        if self.generate.set_style(&self.package, style)? {
            // Layers of another style have no place in this one.
            self.reset();
        }

        let mut clock = Clock::start();
        let Stylizer {
            package, pool, level, history, pacing, ingested, motion, carried, generate, fresh, print, ..
        } = self;
        let level = *level;
        let style = &package.manifest().styles[style];
        pool.install(|| {
            s1_ingest::run(level, input, ingested);
            clock.stage(0);
            let is_steadied = settings.steadiness > 0.0;
            let is_followed = is_steadied || settings.screen_anchor == ScreenAnchor::Scene;
            let mut goes_on = is_followed && history.fits(ingested.picture.size());
            if goes_on {
                motion.run(history, ingested);
                clock.stage(1);
                clock.report.scene_cut = motion.motion.scene_cut;
                goes_on = !motion.motion.scene_cut;
            }
            let is_carried = goes_on && is_steadied;
            clock.report.repeated = is_carried && motion.motion.repeated && history.picture == ingested.picture;
            if goes_on {
                print.follow(motion.camera(ingested));
            } else {
                print.restart();
            }
            if clock.report.repeated {
                std::mem::swap(&mut history.layers, &mut carried.layers);
                std::mem::swap(&mut history.age, &mut carried.age);
                (clock.report.carried, clock.report.flicker) = (1.0, Some(0.0));
            } else {
                if is_carried {
                    s3_carry::run(level, history, &motion.motion, ingested.motion_shift, carried);
                    clock.stage(2);
                }
                let looked_back =
                    is_carried.then_some(Carried { layers: &carried.layers, confidence: &carried.confidence });
                // Without a budget there is nothing to aim at.
                let share = if settings.frame_budget.is_some() { pacing.share() } else { 1.0 };
                let size = settings.working_size.of(ingested.picture.size(), share);
                generate.run(level, &ingested.picture, looked_back, size, fresh)?;
                clock.report.working_size = size;
                clock.stage(3);
                if is_carried {
                    let settling = s5_compose::run(level, fresh, carried, settings.steadiness);
                    (clock.report.carried, clock.report.flicker) = (settling.carried, settling.flicker);
                } else {
                    s5_compose::start(fresh, carried);
                }
                clock.stage(4);
            }
            let page = PagePlan::new(style, settings, ingested.picture.size());
            let page = print.run(level, &ingested.picture, &carried.layers, &page);
            clock.stage(5);
            s7_emit::run(level, &page, input, output);
            clock.stage(6);
            Ok::<(), StylizeError>(())
        })?;
        self.remember();
        self.pace(settings, &clock.report);
        Ok(clock.report)
    }

    /// Processes one frame, either end of it in the host's memory or in that of the device: as
    /// [`Stylizer::process`], which does not take frames on a device.
    ///
    /// # Errors
    /// If frames are not computed on a CUDA device, or it fails.
    #[cfg(feature = "cuda")]
    pub fn process_at(
        &mut self,
        source: Source<'_>,
        target: Target<'_, '_>,
        settings: &Settings,
    ) -> Result<Report, StylizeError> {
        check_size(source.info(), target.info(), settings.compare)?;
        let style = self.style_index(&settings.style)?;
        let on_device = self.on_device.as_mut().ok_or(StylizeError::NotPrepared)?;
        let size = (source.info().width, source.info().height);
        let share = if settings.frame_budget.is_some() { self.pacing.share() } else { 1.0 };
        let working = settings.working_size.of(size, share);
        // Bytes are copied by the threads of this stylizer.
        let report =
            self.pool.install(|| on_device.process(&self.package, style, source, target, settings, working))?;
        self.pace(settings, &report);
        Ok(report)
    }

    /// The CUDA device that frames are computed on, if they are, for those who share its memory.
    #[cfg(feature = "cuda")]
    pub fn cuda_device(&mut self) -> Option<&DeviceContext> {
        self.on_device.as_mut().map(OnDevice::device)
    }

    /// Takes note of how long a frame took.
    fn pace(&mut self, settings: &Settings, report: &Report) {
        // A repeated frame says nothing about those that have to be drawn.
        if let (WorkingSize::Auto, Some(budget), false) =
            (settings.working_size, settings.frame_budget, report.repeated)
        {
            self.pacing.note(report.stages.iter().sum(), budget);
        }
    }

    fn style_index(&self, name: &str) -> Result<usize, StylizeError> {
        let name = &self.package.style(name)?.name;
        Ok(self.styles().iter().position(|style| style.name == *name).unwrap_or(0))
    }

    /// Folds the style of this name in, before the first frame asks for it; an empty one is the model's default.
    pub fn set_style(&mut self, name: &str) -> Result<(), StylizeError> {
        let style = self.style_index(name)?;
        #[cfg(feature = "cuda")]
        if let Some(on_device) = &mut self.on_device {
            return on_device.set_style(&self.package, style);
        }
        if self.generate.set_style(&self.package, style)? {
            self.reset();
        }
        Ok(())
    }

    /// The styles of the model.
    pub fn styles(&self) -> &[Style] {
        &self.package.manifest().styles
    }

    /// The frame just done becomes the previous one; its buffers change places with those of the one before.
    fn remember(&mut self) {
        std::mem::swap(&mut self.history.picture, &mut self.ingested.picture);
        std::mem::swap(&mut self.history.luma, &mut self.ingested.luma);
        std::mem::swap(&mut self.history.layers, &mut self.carried.layers);
        std::mem::swap(&mut self.history.age, &mut self.carried.age);
        self.history.is_there = true;
    }
}

pub(crate) fn check_size(input: &FrameInfo, output: &FrameInfo, compare: Compare) -> Result<(), StylizeError> {
    let (expected_width, expected_height) = (compare.output_width(input.width), input.height);
    let (width, height) = (output.width, output.height);
    if (width, height) == (expected_width, expected_height) {
        Ok(())
    } else {
        Err(StylizeError::OutputSize { expected_width, expected_height, width, height })
    }
}

/// Copies frames of the same format row by row.
fn copy(input: &FrameView<'_>, output: &mut FrameViewMut<'_>) {
    let FrameInfo { format, width, height, .. } = *input.info();
    for plane in 0..format.planes() {
        let rows = format.plane_layout(plane, width, height).rows;
        (0..rows).for_each(|y| output.row_mut(plane, y).copy_from_slice(input.row(plane, y)));
    }
}
